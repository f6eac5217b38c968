#include "capture/binlog/column_values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "capture/binlog/binary_json.hpp"
#include "capture/binlog/column_op.hpp"
#include "capture/binlog/compressed_column.hpp"
#include "capture/binlog/decimal.hpp"
#include "capture/binlog/geometry.hpp"
#include "capture/binlog/inet6_text.hpp"
#include "capture/binlog/json_text.hpp"
#include "capture/binlog/mariadb_temporal.hpp"
#include "capture/binlog/temporal.hpp"
#include "capture/binlog/utf8.hpp"
#include "capture/binlog/wire_reader.hpp"
#include "core/mysql_gtid_set.hpp"

namespace tailrace::capture {

namespace {

// Lets `write` put a text of at most `room` bytes into the arena; null from it: no value.
template <class Write>
bool arena_text(Arena& arena, std::size_t room, ValueKind kind, Value& out, Write&& write) {
  char* const text = arena.allocate(room);
  const char* const end = write(text);
  if (end == nullptr) {
    arena.shrink_last(room);
    return false;
  }
  const auto size = static_cast<std::size_t>(end - text);
  arena.shrink_last(room - size);
  out = Value::text(kind, {text, size});
  return true;
}

bool decimal(const CompiledColumn& column, std::string_view field, Arena& arena, Value& out) {
  const ValueKind kind = column.decimal_as_number ? ValueKind::decimal_number : ValueKind::decimal;
  return arena_text(arena, longest_decimal_text, kind, out, [&](char* text) {
    return write_decimal(text, field, column.precision, column.scale);
  });
}

bool date(std::string_view field, Arena& arena, Value& out) {
  const TemporalParts parts = decode_date(field);
  const ValueKind kind = is_impossible_date(parts) ? ValueKind::impossible_date : ValueKind::date;
  return arena_text(arena, longest_temporal_text, kind, out,
                    [&](char* text) { return write_date(text, parts); });
}

// An impossible one keeps the server's own text, with a space.
bool moment(const TemporalParts& parts, unsigned digits, ValueKind kind, Arena& arena, Value& out) {
  const bool impossible = is_impossible_date(parts);
  const ValueKind shown = impossible ? ValueKind::impossible_date : kind;
  return arena_text(arena, longest_temporal_text, shown, out, [&](char* text) {
    char* end = write_datetime(text, parts, digits, impossible ? ' ' : 'T');
    if (shown == ValueKind::timestamp) *end++ = 'Z';
    return end;
  });
}

bool time(const TemporalParts& parts, unsigned digits, Arena& arena, Value& out) {
  return arena_text(arena, longest_temporal_text, ValueKind::time, out,
                    [&](char* text) { return write_time(text, parts, digits); });
}

bool temporal(const CompiledColumn& column, std::string_view field, Arena& arena, Value& out) {
  switch (column.op) {
    case ColumnOp::date: return date(field, arena, out);
    case ColumnOp::datetime2: {
      TemporalParts parts;
      return decode_datetime2(field, column.scale, parts) &&
             moment(parts, column.scale, ValueKind::datetime, arena, out);
    }
    case ColumnOp::timestamp2:
      return moment(decode_timestamp2(field, column.scale), column.scale, ValueKind::timestamp,
                    arena, out);
    case ColumnOp::time2: return time(decode_time2(field, column.scale), column.scale, arena, out);
    case ColumnOp::old_datetime:
      return moment(decode_old_datetime(field), 0, ValueKind::datetime, arena, out);
    case ColumnOp::old_timestamp: {
      const std::uint64_t seconds = little_endian(field.data(), 4);
      return moment(seconds == 0 ? TemporalParts{} : utc_time(seconds), 0, ValueKind::timestamp,
                    arena, out);
    }
    case ColumnOp::mariadb_datetime:
      return moment(decode_mariadb_datetime(field, column.scale), column.scale, ValueKind::datetime,
                    arena, out);
    case ColumnOp::mariadb_timestamp:
      return moment(decode_mariadb_timestamp(field, column.scale), column.scale,
                    ValueKind::timestamp, arena, out);
    case ColumnOp::mariadb_time:
      return time(decode_mariadb_time(field, column.scale), column.scale, arena, out);
    default: return time(decode_old_time(field), 0, arena, out);
  }
}

bool utf8(std::string_view field, DecodeContext context, Value& out) {
  bool repaired = false;
  out = Value::string(valid_utf8(field, context.arena, repaired));
  if (repaired) ++context.counters.invalid_texts;
  return true;
}

bool text(const CompiledColumn& column, std::string_view field, DecodeContext context, Value& out) {
  bool repaired = false;
  out = Value::string(column.charset->to_utf8(field, context.arena, repaired));
  if (repaired) ++context.counters.invalid_texts;
  return true;
}

bool padded(const CompiledColumn& column, std::string_view field, Arena& arena,
            std::string_view& full) {
  if (field.size() > column.length) return false;
  full = field;
  if (field.size() == column.length) return true;
  char* const bytes = arena.allocate(column.length);
  std::copy(field.begin(), field.end(), bytes);
  std::memset(bytes + field.size(), 0, column.length - field.size());
  full = {bytes, column.length};
  return true;
}

bool address(const CompiledColumn& column, std::string_view field, Arena& arena, Value& out) {
  std::string_view full;
  if (!padded(column, field, arena, full)) return false;
  if (column.op == ColumnOp::uuid) {
    Uuid uuid;
    std::copy(full.begin(), full.end(), uuid.begin());
    out = Value::string(arena.copy(uuid_text(uuid)));
    return true;
  }
  if (column.op == ColumnOp::inet6) {
    out = Value::string(arena.copy(inet6_text(full)));
    return true;
  }
  char buffer[INET_ADDRSTRLEN];
  if (inet_ntop(AF_INET, full.data(), buffer, sizeof buffer) == nullptr) return false;
  out = Value::string(arena.copy(buffer));
  return true;
}

bool enumeration(const CompiledColumn& column, std::string_view field, Value& out) {
  const std::uint64_t number = little_endian(field.data(), field.size());
  if (number > column.members->size()) return false;
  // 0: the error value of lax modes, ''.
  out = Value::string(number == 0 ? std::string_view{} : (*column.members)[number - 1]);
  return true;
}

bool set(const CompiledColumn& column, std::string_view field, DecodeContext context, Value& out) {
  const std::uint64_t mask = little_endian(field.data(), field.size());
  const std::size_t count = column.members->size();
  if (count < 64 && mask >> count != 0) return false;
  std::string& json = context.scratch;
  json = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if ((mask >> i & 1) == 0) continue;
    if (json.size() > 1) json += ',';
    json += (*column.members)[i];
  }
  json += ']';
  out = Value::text(ValueKind::json, context.arena.copy(json));
  return true;
}

template <class Append>
bool json(DecodeContext context, Value& out, Append&& append) {
  context.scratch.clear();
  if (!append(context.scratch)) return false;
  out = Value::text(ValueKind::json, context.arena.copy(context.scratch));
  return true;
}

bool binary_json(std::string_view field, Arena& arena, Value& out) {
  const auto text = binary_json_text(arena, field);
  if (text) out = Value::text(ValueKind::json, *text);
  return text.has_value();
}

// MariaDB keeps JSON as text that its check constraint need not have seen.
bool json_text(std::string_view field, DecodeContext context, Value& out) {
  const bool valid =
      json(context, out, [&](std::string& to) { return append_compact_json(to, field); });
  return valid || utf8(field, context, out);
}

bool guessed_text(std::string_view field, Value& out) {
  out = Value::text(is_valid_utf8(field) ? ValueKind::string : ValueKind::bytes, field);
  return true;
}

bool dispatch(const CompiledColumn& column, std::string_view field, DecodeContext context,
              Value& out) {
  switch (column.op) {
    case ColumnOp::decimal: return decimal(column, field, context.arena, out);
    case ColumnOp::date: case ColumnOp::datetime2: case ColumnOp::timestamp2: case ColumnOp::time2:
    case ColumnOp::old_datetime: case ColumnOp::old_timestamp: case ColumnOp::old_time:
    case ColumnOp::mariadb_datetime: case ColumnOp::mariadb_timestamp: case ColumnOp::mariadb_time:
      return temporal(column, field, context.arena, out);
    case ColumnOp::bits:
      out = Value::uint64(big_endian(field.data(), field.size()));
      return true;
    case ColumnOp::utf8: return utf8(field, context, out);
    case ColumnOp::text: return text(column, field, context, out);
    case ColumnOp::guessed_text: return guessed_text(field, out);
    case ColumnOp::bytes: out = Value::text(ValueKind::bytes, field); return true;
    case ColumnOp::padded_bytes: {
      std::string_view full;
      if (!padded(column, field, context.arena, full)) return false;
      out = Value::text(ValueKind::bytes, full);
      return true;
    }
    case ColumnOp::enumeration: return enumeration(column, field, out);
    case ColumnOp::enumeration_number: case ColumnOp::set_number:
      out = Value::uint64(little_endian(field.data(), field.size()));
      return true;
    case ColumnOp::set: return set(column, field, context, out);
    case ColumnOp::binary_json:
      return binary_json(field, context.arena, out);
    case ColumnOp::json_text: return json_text(field, context, out);
    case ColumnOp::geometry:
      return json(context, out, [&](std::string& to) { return append_geojson(to, field); });
    case ColumnOp::vector:
      return json(context, out, [&](std::string& to) { return append_vector_json(to, field); });
    case ColumnOp::uuid: case ColumnOp::inet4: case ColumnOp::inet6:
      return address(column, field, context.arena, out);
    case ColumnOp::int8: case ColumnOp::int16: case ColumnOp::int24: case ColumnOp::int32:
    case ColumnOp::int64: case ColumnOp::uint8: case ColumnOp::uint16: case ColumnOp::uint24:
    case ColumnOp::uint32: case ColumnOp::uint64: case ColumnOp::boolean: case ColumnOp::float32:
    case ColumnOp::float64: case ColumnOp::year: case ColumnOp::bit1:
      break;  // numbers: row_decoder.cpp
  }
  return false;
}

}  // namespace

bool decode_column(const CompiledColumn& column, std::string_view field, DecodeContext context,
                   Value& out) {
  if (!column.compressed || field.empty()) return dispatch(column, field, context, out);
  std::string_view value;
  return expand_column(field, context.arena, value) && dispatch(column, value, context, out);
}

}  // namespace tailrace::capture
