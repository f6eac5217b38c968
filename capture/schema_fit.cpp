#include "capture/schema_fit.hpp"

#include <fmt/format.h>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/table_layout.hpp"
#include "capture/binlog/wire_column.hpp"

namespace tailrace::capture {
namespace {

unsigned bytes_for_length(std::uint32_t longest) {
  if (longest <= 0xff) return 1;
  if (longest <= 0xffff) return 2;
  return longest <= 0xffffff ? 3 : 4;
}

unsigned bytes_for_members(const ColumnType& type) {
  const std::size_t count = type.members.size();
  if (type.kind == ColumnKind::enumeration) return count > 255 ? 2 : 1;
  const std::size_t bytes = (count + 7) / 8;
  return static_cast<unsigned>(bytes > 4 ? 8 : bytes);
}

bool is_compressed(const TableMapColumn& wire) {
  return wire.type == WireType::mariadb_blob_compressed ||
         wire.type == WireType::mariadb_varchar_compressed;
}

bool has_fraction(const TableMapColumn& wire) {
  return wire.type == WireType::datetime2 || wire.type == WireType::timestamp2 ||
         wire.type == WireType::time2;
}

// The type's size, where TABLE_MAP has one.
bool same_size(const ColumnType& told, const TableMapColumn& wire) {
  switch (told.kind) {
    case ColumnKind::decimal:
      return wire.meta == (told.precision | told.scale << 8);
    case ColumnKind::datetime:
    case ColumnKind::timestamp:
    case ColumnKind::time:
      return !has_fraction(wire) || wire.meta == told.fraction_digits;
    case ColumnKind::bit:
    case ColumnKind::binary:
    case ColumnKind::varbinary:
      return wire.meta == told.length || is_compressed(wire);
    case ColumnKind::character:
    case ColumnKind::varchar:
      return is_compressed(wire) || told.charset.empty() ||
             wire.meta == told.length * charset_max_bytes(told.charset);
    case ColumnKind::text:
    case ColumnKind::blob:
      return wire.meta == bytes_for_length(told.length);
    case ColumnKind::enumeration:
    case ColumnKind::set:
      return wire.meta == bytes_for_members(told);
    case ColumnKind::vector:
      return wire.dimensions == 0 || told.length == 0 || wire.dimensions == told.length;
    case ColumnKind::tinyint:
    case ColumnKind::smallint:
    case ColumnKind::mediumint:
    case ColumnKind::integer:
    case ColumnKind::bigint:
    case ColumnKind::float32:
    case ColumnKind::float64:
    case ColumnKind::year:
    case ColumnKind::date:
    case ColumnKind::json:
    case ColumnKind::geometry:
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6:
    case ColumnKind::unknown:
      return true;
  }
  return true;
}

bool is_integer(ColumnKind kind) {
  return kind == ColumnKind::tinyint || kind == ColumnKind::smallint ||
         kind == ColumnKind::mediumint || kind == ColumnKind::integer || kind == ColumnKind::bigint;
}

bool same_words(const ColumnType& told, const TableMapColumn& wire) {
  const ColumnType said = wire_column_type(wire);
  if (is_integer(told.kind) && wire.is_unsigned && said.is_unsigned != told.is_unsigned) {
    return false;
  }
  const bool charset_counts = !told.charset.empty() && !said.charset.empty();
  return !charset_counts || said.charset == told.charset;
}

}  // namespace

std::optional<std::string> misfit(const TableSchema& schema, const TableMap& map) {
  if (schema.columns.size() != map.columns.size()) {
    return fmt::format("{} columns are known, the binlog has {}", schema.columns.size(),
                       map.columns.size());
  }
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    const ColumnType& told = schema.columns[i].type;
    const TableMapColumn& wire = map.columns[i];
    if (can_be(told.kind, wire) && same_size(told, wire) && same_words(told, wire)) continue;
    return fmt::format("column {} '{}' has another type in the binlog", i + 1,
                       schema.columns[i].name);
  }
  return std::nullopt;
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
