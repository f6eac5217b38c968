#include "capture/binlog/wire_column.hpp"

#include "capture/binlog/charset.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint32_t binary_collation = 63;

ColumnKind kind_of(const TableMapColumn& column) {
  const bool binary = column.collation == binary_collation;
  switch (column.type) {
    case WireType::tiny: return ColumnKind::tinyint;
    case WireType::small: return ColumnKind::smallint;
    case WireType::medium: return ColumnKind::mediumint;
    case WireType::integer: return ColumnKind::integer;
    case WireType::bigint: return ColumnKind::bigint;
    case WireType::float32: return ColumnKind::float32;
    case WireType::float64: return ColumnKind::float64;
    case WireType::newdecimal: return ColumnKind::decimal;
    case WireType::year: return ColumnKind::year;
    case WireType::date:
    case WireType::newdate: return ColumnKind::date;
    case WireType::datetime:
    case WireType::datetime2: return ColumnKind::datetime;
    case WireType::timestamp:
    case WireType::timestamp2: return ColumnKind::timestamp;
    case WireType::time:
    case WireType::time2: return ColumnKind::time;
    case WireType::bit: return ColumnKind::bit;
    case WireType::string: return binary ? ColumnKind::binary : ColumnKind::character;
    case WireType::varchar:
    case WireType::var_string:
    case WireType::mariadb_varchar_compressed:
      return binary ? ColumnKind::varbinary : ColumnKind::varchar;
    case WireType::tiny_blob:
    case WireType::medium_blob:
    case WireType::long_blob:
    case WireType::blob:
    case WireType::mariadb_blob_compressed: return binary ? ColumnKind::blob : ColumnKind::text;
    case WireType::enumeration: return ColumnKind::enumeration;
    case WireType::set: return ColumnKind::set;
    case WireType::json: return ColumnKind::json;
    case WireType::geometry: return ColumnKind::geometry;
    case WireType::vector: return ColumnKind::vector;
    case WireType::decimal:
    case WireType::null:
    case WireType::typed_array: return ColumnKind::unknown;
  }
  return ColumnKind::unknown;
}

std::uint32_t length_of(const TableMapColumn& column, ColumnKind kind, std::string_view charset) {
  switch (kind) {
    case ColumnKind::character:
    case ColumnKind::varchar: return column.meta / charset_max_bytes(charset);
    case ColumnKind::binary:
    case ColumnKind::varbinary:
    case ColumnKind::bit: return column.meta;
    case ColumnKind::vector: return column.dimensions;
    default: return 0;
  }
}

std::vector<std::string> members_in_utf8(const TableMapColumn& column, std::string_view charset) {
  const auto converter = CharsetConverter::create(charset);
  std::vector<std::string> members;
  members.reserve(column.members.size());
  Arena arena;
  bool repaired = false;
  for (const std::string& member : column.members) {
    members.emplace_back(converter ? converter->to_utf8(member, arena, repaired)
                                   : valid_utf8(member, arena, repaired));
  }
  return members;
}

bool shows_charset(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::character: case ColumnKind::varchar: case ColumnKind::text:
    case ColumnKind::enumeration: case ColumnKind::set:
      return true;
    default: return false;
  }
}

}  // namespace

ColumnType wire_column_type(const TableMapColumn& column) {
  ColumnType type;
  type.kind = kind_of(column);
  type.is_unsigned = column.is_unsigned.value_or(false);
  type.nullable = column.nullable;
  if (column.collation && shows_charset(type.kind)) {
    type.charset = charset_of_collation(*column.collation);
  }
  type.length = length_of(column, type.kind, type.charset);
  if (type.kind == ColumnKind::decimal) {
    type.precision = static_cast<std::uint8_t>(column.meta & 0xff);
    type.scale = static_cast<std::uint8_t>(column.meta >> 8);
  }
  const bool fractional = column.type == WireType::datetime2 ||
                          column.type == WireType::timestamp2 || column.type == WireType::time2;
  if (fractional) type.fraction_digits = static_cast<std::uint8_t>(column.meta);
  type.members = members_in_utf8(column, type.charset);
  return type;
}

TableSchema make_schema(const TableMap& map) {
  TableSchema schema;
  schema.id = map.id;
  schema.columns.reserve(map.columns.size());
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    const TableMapColumn& column = map.columns[i];
    schema.columns.push_back({map.has_names ? column.name : "c" + std::to_string(i + 1),
                              wire_column_type(column)});
  }
  for (const auto& [index, prefix] : map.primary_key) schema.primary_key.push_back(index);
  return schema;
}

}  // namespace tailrace::capture
