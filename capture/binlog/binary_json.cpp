#include "capture/binlog/binary_json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/decimal.hpp"
#include "capture/binlog/table_map.hpp"
#include "capture/binlog/temporal.hpp"
#include "capture/binlog/text_cursor.hpp"
#include "capture/binlog/wire_reader.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {

namespace {

enum class JsonType : std::uint8_t {
  small_object = 0, large_object = 1, small_array = 2, large_array = 3, literal = 4,
  int16 = 5, uint16 = 6, int32 = 7, uint32 = 8, int64 = 9, uint64 = 10, float64 = 11,
  string = 12, opaque = 15,
};

constexpr int deepest = 100;
constexpr std::size_t longest_number = 20;  // -9223372036854775808
constexpr std::size_t base64_line_bytes = 57;  // the server breaks lines after 76 characters

void append_opaque(std::string& out, std::uint8_t type, std::string_view bytes) {
  out += "\"base64:type" + std::to_string(type) + ":";
  for (std::size_t i = 0; i < bytes.size(); i += base64_line_bytes) {
    if (i != 0) out += "\\n";
    append_base64(out, bytes.substr(i, base64_line_bytes));
  }
  out += '"';
}

class JsonPrinter {
 public:
  JsonPrinter(TextCursor& out, std::size_t document_bytes) : out_(out), budget_(document_bytes) {}

  // `at`: the value's bytes and everything behind it inside its container.
  bool value(JsonType type, std::string_view at, int depth) {
    switch (type) {
      case JsonType::small_object: return container(at, {true, 2}, depth);
      case JsonType::large_object: return container(at, {true, 4}, depth);
      case JsonType::small_array: return container(at, {false, 2}, depth);
      case JsonType::large_array: return container(at, {false, 4}, depth);
      case JsonType::literal: return at.empty() ? false : literal(at[0]);
      case JsonType::int16: return integer<std::int16_t>(at);
      case JsonType::uint16: return integer<std::uint16_t>(at);
      case JsonType::int32: return integer<std::int32_t>(at);
      case JsonType::uint32: return integer<std::uint32_t>(at);
      case JsonType::int64: return integer<std::int64_t>(at);
      case JsonType::uint64: return integer<std::uint64_t>(at);
      case JsonType::float64: return float64(at);
      case JsonType::string: return string(at);
      case JsonType::opaque: return opaque(at);
    }
    return false;
  }

 private:
  struct Shape {
    bool object;
    std::size_t offset_bytes;  // 2 small, 4 large
  };

  static std::size_t offset_at(const char* at, Shape shape) {
    return shape.offset_bytes == 2 ? load<std::uint16_t>(at) : load<std::uint32_t>(at);
  }

  // Documents do not share parts; without a budget a forged one could name a part many times.
  bool spend(std::size_t bytes) {
    if (bytes > budget_) return false;
    budget_ -= bytes;
    return true;
  }

  bool literal(char which) {
    constexpr std::string_view texts[] = {"null", "true", "false"};
    if (static_cast<unsigned char>(which) > 2) return false;
    put(texts[static_cast<unsigned char>(which)]);
    return true;
  }

  template <class T>
  bool integer(std::string_view at) {
    if (at.size() < sizeof(T)) return false;
    out_.make_room(longest_number);
    out_.put_number(load<T>(at.data()));
    return true;
  }

  bool float64(std::string_view at) {
    if (at.size() < 8 || !spend(8)) return false;
    const auto number = load<double>(at.data());
    if (!std::isfinite(number)) return false;
    out_.append([&](std::string& out) { append_server_double(out, number); });
    return true;
  }

  // Seven bits a byte, low bits first, at most five bytes; then the bytes.
  bool sized(std::string_view at, std::string_view& data) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < 5 && i < at.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(at[i]);
      size |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (size > at.size() - i - 1 || !spend(i + 1 + size)) return false;
      data = at.substr(i + 1, size);
      return true;
    }
    return false;
  }

  bool text(std::string_view bytes, char before = 0, char behind = 0) {
    if (is_plain_json(bytes.data(), bytes.size())) {
      out_.make_room(bytes.size() + 4);
      out_.put_quoted(bytes, before, behind);
      return true;
    }
    if (!is_valid_utf8(bytes)) return false;
    if (before != 0) put(before);
    out_.append([&](std::string& out) { append_json_string(out, bytes); });
    if (behind != 0) put(behind);
    return true;
  }

  bool string(std::string_view at) {
    std::string_view bytes;
    return sized(at, bytes) && text(bytes);
  }

  bool opaque(std::string_view at) {
    std::string_view bytes;
    if (at.empty() || !sized(at.substr(1), bytes)) return false;
    const auto number = static_cast<std::uint8_t>(at[0]);
    switch (static_cast<WireType>(number)) {
      case WireType::newdecimal: return decimal(bytes);
      case WireType::date:
      case WireType::time:
      case WireType::datetime:
      case WireType::timestamp: return temporal(static_cast<WireType>(number), bytes);
      default: break;
    }
    out_.append([&](std::string& out) { append_opaque(out, number, bytes); });
    return true;
  }

  bool decimal(std::string_view bytes) {
    if (bytes.size() < 2) return false;
    const auto precision = static_cast<std::uint8_t>(bytes[0]);
    const auto scale = static_cast<std::uint8_t>(bytes[1]);
    const std::size_t size = decimal_bytes(precision, scale);
    if (size == 0 || bytes.size() - 2 < size) return false;
    char buffer[longest_decimal_text];
    char* const end = write_decimal(buffer, bytes.substr(2, size), precision, scale);
    if (end == nullptr) return false;
    put({buffer, end});
    return true;
  }

  bool temporal(WireType type, std::string_view bytes) {
    if (bytes.size() != 8) return false;
    const auto packed = load<std::int64_t>(bytes.data());
    char buffer[longest_temporal_text];
    char* end = buffer;
    if (type == WireType::time) {
      end = write_time(end, unpack_time(packed), 6);
    } else if (type == WireType::date) {
      end = write_date(end, unpack_datetime(packed));
    } else {
      end = write_datetime(end, unpack_datetime(packed), 6, ' ');
    }
    put('"');
    put({buffer, end});
    put('"');
    return true;
  }

  bool container(std::string_view at, Shape shape, int depth) {
    if (depth > deepest || at.size() < 2 * shape.offset_bytes) return false;
    const std::size_t count = offset_at(at.data(), shape);
    const std::size_t size = offset_at(at.data() + shape.offset_bytes, shape);
    const std::size_t key_entry = shape.object ? shape.offset_bytes + 2 : 0;
    const std::size_t value_entry = shape.offset_bytes + 1;
    if (size > at.size() || size < 2 * shape.offset_bytes) return false;
    if (count > (size - 2 * shape.offset_bytes) / (key_entry + value_entry)) return false;
    if (!spend(2 * shape.offset_bytes + count * (key_entry + value_entry))) return false;
    at = at.substr(0, size);
    const char* key = at.data() + 2 * shape.offset_bytes;
    const char* entry = key + count * key_entry;
    if (!shape.object) put('[');
    if (shape.object && count == 0) put('{');  // else it stands before the first key
    for (std::size_t i = 0; i < count; ++i, key += key_entry, entry += value_entry) {
      if (shape.object) {
        if (!member_key(at, key, shape, i != 0 ? ',' : '{')) return false;
      } else if (i != 0) {
        put(',');
      }
      if (!member(at, entry, shape, depth)) return false;
    }
    put(shape.object ? '}' : ']');
    return true;
  }

  bool member_key(std::string_view at, const char* entry, Shape shape, char before) {
    const std::size_t offset = offset_at(entry, shape);
    const std::size_t size = load<std::uint16_t>(entry + shape.offset_bytes);
    if (offset > at.size() || size > at.size() - offset || !spend(size)) return false;
    return text(at.substr(offset, size), before, ':');
  }

  // Small values stand in the entry itself, others at an offset from the container's start.
  bool member(std::string_view at, const char* entry, Shape shape, int depth) {
    const auto type = static_cast<JsonType>(static_cast<std::uint8_t>(*entry));
    const bool in_entry =
        type == JsonType::literal || type == JsonType::int16 || type == JsonType::uint16 ||
        (shape.offset_bytes == 4 && (type == JsonType::int32 || type == JsonType::uint32));
    if (in_entry) return value(type, {entry + 1, shape.offset_bytes}, depth);
    const std::size_t offset = offset_at(entry + 1, shape);
    if (offset >= at.size()) return false;
    return value(type, at.substr(offset), depth + 1);
  }

  void put(char c) {
    out_.make_room(1);
    out_.put(c);
  }
  void put(std::string_view text) {
    out_.make_room(text.size());
    out_.put(text);
  }

  TextCursor& out_;
  std::size_t budget_;
};

}  // namespace

bool append_binary_json(std::string& out, std::string_view document) {
  if (document.empty()) {
    out += "null";
    return true;
  }
  TextCursor text(out, document.size() + document.size() / 2);
  JsonPrinter printer(text, document.size());
  const bool printed = printer.value(
      static_cast<JsonType>(static_cast<std::uint8_t>(document[0])), document.substr(1), 1);
  text.finish();
  return printed;
}

void append_server_double(std::string& out, double number) {
  char buffer[32];
  const char* const end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  const char* at = buffer;
  if (*at == '-') out += *at++;
  const char* const e = std::find(at, end, 'e');
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  std::string digits(1, *at);
  if (e - at > 2) digits.append(at + 2, e);
  const int point = exponent + 1;  // where the point stands, counted from the first digit
  const auto count = static_cast<int>(digits.size());
  // my_gcvt: fixed notation while the point is at most 15 digits to the right, or 14 zeros left.
  if (point < -14 || point > 15) {
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    out += 'e';
    out += std::to_string(exponent);
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0').append(".0");
  } else {
    out.append(digits, 0, static_cast<std::size_t>(point)).append(".");
    out.append(digits, static_cast<std::size_t>(point));
  }
}

}  // namespace tailrace::capture
