// The optional metadata at the end of TABLE_MAP: signs, character sets, names, members, key.
// Source: MySQL Table_map_event::Optional_metadata_fields; binlog.md §1.2 for what differs.
// Threading: free functions.
#pragma once

#include <string_view>

#include "capture/binlog/table_map.hpp"

namespace tailrace::capture {

// Fills map.columns and map.primary_key. False: cut off, or about columns that are not there.
bool read_table_metadata(std::string_view metadata, bool mariadb, TableMap& map);

// Fields of the metadata. Source: MySQL rows_event.h, Table_map_event::Optional_metadata_fields.
enum class MetadataField : std::uint8_t {
  signedness = 1, default_charset = 2, column_charset = 3, column_name = 4, set_members = 5,
  enum_members = 6, geometry_type = 7, simple_primary_key = 8, primary_key_with_prefix = 9,
  enum_and_set_default_charset = 10, enum_and_set_column_charset = 11, visibility = 12,
  vector_dimensions = 13,
};
// Whether a column counts in `signedness`: YEAR does, although no YEAR has a sign.
bool is_numeric_in_metadata(WireType type);
// … and in the character sets: TEXT and BLOB alike, never ENUM, SET or JSON; MySQL 9 counts VECTOR,
// MariaDB GEOMETRY.
bool has_charset_in_metadata(WireType type, bool mariadb);

}  // namespace tailrace::capture
