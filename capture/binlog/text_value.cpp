#include "capture/binlog/text_value.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/geometry.hpp"
#include "capture/binlog/json_text.hpp"
#include "capture/binlog/temporal.hpp"
#include "capture/binlog/wire_reader.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {

namespace {

constexpr std::string_view decimal_digits = "0123456789";
constexpr std::string_view clock_characters = "0123456789:.-";

template <class T>
bool parse_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool has_only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

bool integer(const ColumnType& type, std::string_view text, Value& out) {
  std::uint64_t without_sign = 0;
  std::int64_t with_sign = 0;
  if (type.as_boolean && type.kind == ColumnKind::tinyint) {
    if (!parse_number(text, with_sign)) return false;
    out = Value::boolean(with_sign != 0);
    return true;
  }
  if (type.is_unsigned) {
    if (!parse_number(text, without_sign)) return false;
    out = Value::uint64(without_sign);
    return true;
  }
  if (!parse_number(text, with_sign)) return false;
  out = Value::int64(with_sign);
  return true;
}

bool floating(const ColumnType& type, std::string_view text, Value& out) {
  double number = 0;
  if (!parse_number(text, number)) return false;
  out = type.kind == ColumnKind::float32 ? Value::float32(static_cast<float>(number))
                                         : Value::float64(number);
  return true;
}

// ZEROFILL pads with zeros; otherwise the server's text is canonical.
bool decimal(const ColumnType& type, std::string_view text, Value& out) {
  while (text.size() > 1 && text[0] == '0' && text[1] != '.') text.remove_prefix(1);
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  const std::size_t dot = digits.find('.');
  const std::string_view whole = digits.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? "0" : digits.substr(dot + 1);
  if (whole.empty() || fraction.empty() || !has_only(whole, decimal_digits) ||
      !has_only(fraction, decimal_digits)) {
    return false;
  }
  out = Value::text(type.decimal_as_number ? ValueKind::decimal_number : ValueKind::decimal, text);
  return true;
}

// "2026-11-20", perhaps with more behind it.
bool date_parts(std::string_view text, TemporalParts& parts) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-' &&
         parse_number(text.substr(0, 4), parts.year) &&
         parse_number(text.substr(5, 2), parts.month) && parse_number(text.substr(8, 2), parts.day);
}

bool moment(ColumnKind kind, std::string_view text, Arena& arena, Value& out) {
  constexpr std::size_t date_bytes = 10;
  TemporalParts parts;
  if (!date_parts(text, parts)) return false;
  if (text.size() > date_bytes && text[date_bytes] != ' ') return false;
  if (!has_only(text.substr(std::min(date_bytes + 1, text.size())), clock_characters)) return false;
  if (is_impossible_date(parts)) {
    out = Value::text(ValueKind::impossible_date, text);
    return true;
  }
  if (kind == ColumnKind::date) {
    out = Value::text(ValueKind::date, text);
    return text.size() == date_bytes;
  }
  if (text.size() < 19) return false;
  const bool utc = kind == ColumnKind::timestamp;
  char* const copy = arena.allocate(text.size() + (utc ? 1 : 0));
  std::memcpy(copy, text.data(), text.size());
  copy[date_bytes] = 'T';
  if (utc) copy[text.size()] = 'Z';
  out = Value::text(utc ? ValueKind::timestamp : ValueKind::datetime,
                    {copy, text.size() + (utc ? 1 : 0)});
  return true;
}

bool bits(const ColumnType& type, std::string_view bytes, Value& out) {
  if (bytes.empty() || bytes.size() > 8) return false;
  const std::uint64_t number = big_endian(bytes.data(), bytes.size());
  out = type.length == 1 ? Value::boolean(number != 0) : Value::uint64(number);
  return true;
}

Value json(Arena& arena, const std::string& text) {
  return Value::text(ValueKind::json, arena.copy(text));
}

// No member of a SET contains a comma.
void set(std::string_view text, Arena& arena, Value& out) {
  bool repaired = false;
  text = valid_utf8(text, arena, repaired);
  std::string array = "[";
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (array.size() > 1) array += ',';
    append_json_string(array, text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  array += ']';
  out = json(arena, array);
}

Value string(std::string_view text, Arena& arena) {
  bool repaired = false;
  return Value::string(valid_utf8(text, arena, repaired));
}

bool convert(const ColumnType& type, std::string_view text, Arena& arena, Value& out) {
  std::string scratch;
  switch (type.kind) {
    case ColumnKind::tinyint: case ColumnKind::smallint: case ColumnKind::mediumint:
    case ColumnKind::integer: case ColumnKind::bigint: return integer(type, text, out);
    case ColumnKind::year: return integer(ColumnType{}, text, out);
    case ColumnKind::float32: case ColumnKind::float64: return floating(type, text, out);
    case ColumnKind::decimal: return decimal(type, text, out);
    case ColumnKind::date: case ColumnKind::datetime: case ColumnKind::timestamp:
      return moment(type.kind, text, arena, out);
    case ColumnKind::time:
      out = Value::text(ValueKind::time, text);
      return !text.empty() && has_only(text, clock_characters);
    case ColumnKind::bit: return bits(type, text, out);
    case ColumnKind::binary: case ColumnKind::varbinary: case ColumnKind::blob:
      out = Value::text(ValueKind::bytes, text);
      return true;
    case ColumnKind::set: set(text, arena, out); return true;
    case ColumnKind::json:  // MariaDB's need not be valid: then it is a string
      out = append_compact_json(scratch, text) ? json(arena, scratch) : string(text, arena);
      return true;
    case ColumnKind::geometry:
      if (!append_geojson(scratch, text)) return false;
      out = json(arena, scratch);
      return true;
    case ColumnKind::vector:
      if (!append_vector_json(scratch, text)) return false;
      out = json(arena, scratch);
      return true;
    case ColumnKind::character: case ColumnKind::varchar: case ColumnKind::text:
    case ColumnKind::enumeration: case ColumnKind::uuid: case ColumnKind::inet4:
    case ColumnKind::inet6:
      out = string(text, arena);
      return true;
    case ColumnKind::unknown: break;
  }
  return false;
}

// Null: a character set of no server that we know.
const CharsetConverter* converter_of(const std::string& charset) {
  static thread_local std::map<std::string, std::unique_ptr<CharsetConverter>> known;
  const auto [at, is_new] = known.try_emplace(charset);
  if (is_new) at->second = CharsetConverter::create(charset);
  return at->second.get();
}

}  // namespace

std::string quoted_identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted += '`';
}

std::string select_expression(const Column& column) {
  std::string name = quoted_identifier(column.name);
  const bool floating =
      column.type.kind == ColumnKind::float32 || column.type.kind == ColumnKind::float64;
  if (is_selected_as_bytes(column.type)) return "CAST(" + name + " AS BINARY)";
  return floating ? name + " * 1e0" : name;
}

bool is_selected_as_bytes(const ColumnType& type) {
  const bool text = type.kind == ColumnKind::character || type.kind == ColumnKind::varchar ||
                    type.kind == ColumnKind::text;
  return text && !type.charset.empty() && type.charset != "utf8mb4";
}

Result<Value> value_from_field(const ColumnType& type, std::string_view field, Arena& arena) {
  if (!is_selected_as_bytes(type)) return value_from_text(type, field, arena);
  const CharsetConverter* const converter = converter_of(type.charset);
  if (converter == nullptr) {
    return halt("binlog.unsupported", "a column has the character set '" + type.charset +
                                          "', which this version does not know");
  }
  bool repaired = false;
  return Value::string(converter->to_utf8(field, arena, repaired));
}

Result<Value> value_from_text(const ColumnType& type, std::string_view text, Arena& arena) {
  Value value;
  if (convert(type, text, arena, value)) return value;
  return halt("source.value", "the server sent a value that its column's type cannot have (kind " +
                                  std::to_string(static_cast<unsigned>(type.kind)) + ", " +
                                  std::to_string(text.size()) + " bytes)");
}

}  // namespace tailrace::capture
