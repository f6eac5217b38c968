#include "capture/schema_fit.hpp"

#include <fmt/format.h>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/table_layout.hpp"
#include "capture/binlog/wire_column.hpp"
#include "capture/column_charset.hpp"

namespace tailrace::capture {
namespace {

unsigned bytes_for_length(std::uint32_t longest) {
  if (longest <= 0xff) return 1;
  if (longest <= 0xffff) return 2;
  return longest <= 0xffffff ? 3 : 4;
}

// 0: the members are not known.
std::size_t bytes_for_members(const ColumnType& type) {
  const std::size_t count = type.members.size();
  if (count == 0) return 0;
  if (type.kind == ColumnKind::enumeration) return count > 255 ? 2 : 1;
  return count > 32 ? 8 : (count + 7) / 8;
}

bool is_compressed(const TableMapColumn& wire) {
  return wire.type == WireType::mariadb_blob_compressed ||
         wire.type == WireType::mariadb_varchar_compressed;
}

bool has_fraction(ColumnKind kind) {
  return kind == ColumnKind::datetime || kind == ColumnKind::timestamp || kind == ColumnKind::time;
}

// Tables that MySQL 5.5 or older made, and MariaDB's without mysql56_temporal_format, say nothing.
bool says_fraction(const TableMapColumn& wire) {
  return wire.type == WireType::datetime2 || wire.type == WireType::timestamp2 ||
         wire.type == WireType::time2;
}

bool is_integer(ColumnKind kind) { return kind <= ColumnKind::bigint; }

// TABLE_MAP's number of bytes for the type; 0: the kind or the definition does not tell.
std::size_t bytes_told(const ColumnType& told, const TableMapColumn& wire) {
  switch (told.kind) {
    case ColumnKind::character:
    case ColumnKind::varchar:
      if (is_compressed(wire) || told.charset.empty()) return 0;
      return told.length * charset_max_bytes(told.charset);
    case ColumnKind::binary:
    case ColumnKind::varbinary:
      return is_compressed(wire) ? 0 : told.length;
    case ColumnKind::bit:
      return told.length;
    case ColumnKind::text:
    case ColumnKind::blob:
      return is_compressed(wire) || told.length == 0 ? 0 : bytes_for_length(told.length);
    case ColumnKind::enumeration:
    case ColumnKind::set:
      return bytes_for_members(told);
    case ColumnKind::tinyint:
    case ColumnKind::smallint:
    case ColumnKind::mediumint:
    case ColumnKind::integer:
    case ColumnKind::bigint:
    case ColumnKind::float32:
    case ColumnKind::float64:
    case ColumnKind::decimal:
    case ColumnKind::year:
    case ColumnKind::date:
    case ColumnKind::datetime:
    case ColumnKind::timestamp:
    case ColumnKind::time:
    case ColumnKind::json:
    case ColumnKind::geometry:
    case ColumnKind::vector:
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6:
    case ColumnKind::unknown:
      return 0;
  }
  return 0;
}

// Empty: they agree in everything that both of them say.
std::string difference(const ColumnType& told, const TableMapColumn& wire) {
  if (!can_be(told.kind, wire)) return "it has another type in the binlog";
  if (hides(told.kind, wire)) return {};
  const ColumnType seen = wire_column_type(wire);
  if (wire.is_unsigned && is_integer(told.kind) && told.is_unsigned != *wire.is_unsigned) {
    return *wire.is_unsigned ? "it is unsigned in the binlog" : "it is signed in the binlog";
  }
  if (told.kind == ColumnKind::decimal &&
      (told.precision != seen.precision || told.scale != seen.scale)) {
    return fmt::format("it is DECIMAL({},{}) in the binlog", seen.precision, seen.scale);
  }
  if (has_fraction(told.kind) && says_fraction(wire) &&
      told.fraction_digits != seen.fraction_digits) {
    return fmt::format("it has {} fraction digits in the binlog", seen.fraction_digits);
  }
  if (told.kind == ColumnKind::vector && wire.dimensions != 0 && told.length != 0 &&
      wire.dimensions != told.length) {
    return fmt::format("it has {} dimensions in the binlog", wire.dimensions);
  }
  if (!seen.charset.empty() && !told.charset.empty() &&
      charset_name(told.charset) != charset_name(seen.charset)) {
    return fmt::format("its character set is {} in the binlog", seen.charset);
  }
  const std::size_t bytes = bytes_told(told, wire);
  if (bytes == 0 || wire.meta == bytes) return {};
  return fmt::format("it has up to {} bytes in the binlog, not {}", wire.meta, bytes);
}

}  // namespace

std::optional<std::string> misfit(const TableSchema& schema, const TableMap& map) {
  if (schema.columns.size() != map.columns.size()) {
    return fmt::format("the definition known here has {} columns, the binlog has {}",
                       schema.columns.size(), map.columns.size());
  }
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    const std::string what = difference(schema.columns[i].type, map.columns[i]);
    if (what.empty()) continue;
    return fmt::format("column {} '{}': {}", i + 1, schema.columns[i].name, what);
  }
  return std::nullopt;
}

TableSchema told_by(const TableMap& map, const TableSchema& known) {
  TableSchema told = make_schema(map);
  for (std::size_t i = 0; i < told.columns.size(); ++i) {
    const auto at = known.find(told.columns[i].name);
    if (at && hides(known.columns[*at].type.kind, map.columns[i])) {
      told.columns[i].type = known.columns[*at].type;
    }
  }
  return told;
}

void name_columns(const TableSchema& schema, TableMap& map) {
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    const Column& known = schema.columns[i];
    TableMapColumn& column = map.columns[i];
    column.name = known.name;
    column.members = known.type.members;  // UTF-8, and no collation says otherwise
    if (!column.is_unsigned) column.is_unsigned = known.type.is_unsigned;
  }
  map.primary_key.clear();
  for (const std::uint32_t column : schema.primary_key) map.primary_key.emplace_back(column, 0);
  map.has_names = true;
}

}  // namespace tailrace::capture
