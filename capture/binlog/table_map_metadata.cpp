#include "capture/binlog/table_map_metadata.hpp"

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

bool is_numeric_in_metadata(WireType type) {
  using enum WireType;
  switch (type) {
    case tiny: case small: case medium: case integer: case bigint: case float32: case float64:
    case decimal: case newdecimal: case year:
      return true;
    default: return false;
  }
}

bool has_charset_in_metadata(WireType type, bool mariadb) {
  using enum WireType;
  switch (type) {
    case varchar: case var_string: case string: case tiny_blob: case medium_blob: case long_blob:
    case blob: case mariadb_blob_compressed: case mariadb_varchar_compressed:
      return true;
    case vector: return !mariadb;
    case geometry: return mariadb;
    default: return false;
  }
}

namespace {

using Field = MetadataField;
using Columns = std::vector<TableMapColumn*>;

template <class Predicate>
Columns select(TableMap& map, Predicate&& predicate) {
  Columns columns;
  for (TableMapColumn& column : map.columns) {
    if (predicate(column.type)) columns.push_back(&column);
  }
  return columns;
}

// One bit per column, most significant first, unlike every other bitmap of the binlog.
bool high_bit_first(std::string_view bits, std::size_t index) {
  return (static_cast<std::uint8_t>(bits[index / 8]) >> (7 - index % 8) & 1) != 0;
}

bool read_signs(std::string_view bits, TableMap& map) {
  const Columns columns = select(map, is_numeric_in_metadata);
  if (bits.size() * 8 < columns.size()) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i]->is_unsigned = high_bit_first(bits, i);
  }
  return true;
}

bool read_visibility(std::string_view bits, TableMap& map) {
  if (bits.size() * 8 < map.columns.size()) return false;
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    map.columns[i].visible = high_bit_first(bits, i);
  }
  return true;
}

// The default, then (index among `columns`, collation) of those that differ.
bool read_default_charset(WireReader in, const Columns& columns) {
  const auto common = static_cast<std::uint32_t>(in.lenenc());
  for (TableMapColumn* column : columns) column->collation = common;
  while (in.ok() && !in.at_end()) {
    const std::uint64_t index = in.lenenc();
    const auto collation = static_cast<std::uint32_t>(in.lenenc());
    if (index >= columns.size()) return false;
    columns[index]->collation = collation;
  }
  return in.ok();
}

bool read_column_charsets(WireReader in, const Columns& columns) {
  for (TableMapColumn* column : columns) {
    column->collation = static_cast<std::uint32_t>(in.lenenc());
  }
  return in.ok();
}

bool read_names(WireReader in, TableMap& map) {
  for (TableMapColumn& column : map.columns) column.name = in.sized();
  map.has_names = true;
  return in.ok();
}

bool read_members(WireReader in, TableMap& map, WireType type) {
  for (TableMapColumn* column : select(map, [=](WireType t) { return t == type; })) {
    const std::uint64_t count = in.lenenc();
    if (count > in.remaining()) return false;  // every member takes a byte at least
    column->members.resize(count);
    for (std::string& member : column->members) member = in.sized();
  }
  return in.ok();
}

bool read_primary_key(WireReader in, TableMap& map, bool with_prefix) {
  map.primary_key.clear();
  while (in.ok() && !in.at_end()) {
    const std::uint64_t index = in.lenenc();
    const std::uint64_t prefix = with_prefix ? in.lenenc() : 0;
    if (index >= map.columns.size()) return false;
    map.primary_key.emplace_back(static_cast<std::uint32_t>(index),
                                 static_cast<std::uint32_t>(prefix));
  }
  return in.ok();
}

bool read_dimensions(WireReader in, TableMap& map) {
  for (TableMapColumn* column : select(map, [](WireType t) { return t == WireType::vector; })) {
    column->dimensions = static_cast<std::uint32_t>(in.lenenc());
  }
  return in.ok();
}

bool read_field(Field field, std::string_view value, bool mariadb, TableMap& map) {
  const auto texts = [&] {
    return select(map, [=](WireType t) { return has_charset_in_metadata(t, mariadb); });
  };
  const auto choices = [&] {
    return select(map, [](WireType t) { return t == WireType::enumeration || t == WireType::set; });
  };
  switch (field) {
    case Field::signedness: return read_signs(value, map);
    case Field::default_charset: return read_default_charset(WireReader(value), texts());
    case Field::column_charset: return read_column_charsets(WireReader(value), texts());
    case Field::column_name: return read_names(WireReader(value), map);
    case Field::set_members: return read_members(WireReader(value), map, WireType::set);
    case Field::enum_members: return read_members(WireReader(value), map, WireType::enumeration);
    case Field::geometry_type: return true;  // every kind of geometry is decoded alike
    case Field::simple_primary_key: return read_primary_key(WireReader(value), map, false);
    case Field::primary_key_with_prefix: return read_primary_key(WireReader(value), map, true);
    case Field::enum_and_set_default_charset:
      return read_default_charset(WireReader(value), choices());
    case Field::enum_and_set_column_charset:
      return read_column_charsets(WireReader(value), choices());
    case Field::visibility: return read_visibility(value, map);
    case Field::vector_dimensions: return read_dimensions(WireReader(value), map);
  }
  return true;  // a field newer than this reader
}

}  // namespace

bool read_table_metadata(std::string_view metadata, bool mariadb, TableMap& map) {
  WireReader in(metadata);
  while (in.ok() && !in.at_end()) {
    const auto field = static_cast<Field>(in.u8());
    const std::string_view value = in.sized();
    if (!in.ok() || !read_field(field, value, mariadb, map)) return false;
  }
  return in.ok();
}

}  // namespace tailrace::capture
