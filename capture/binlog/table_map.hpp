// TABLE_MAP: the shape of a table as of the row events that follow, with all optional metadata.
// Source: MySQL Table_map_event (rows_event.h), binlog.md §1.2 for the traps.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// Types as in TABLE_MAP and in packed JSON. Source: MySQL field_types.h, MariaDB mysql_com.h.
enum class WireType : std::uint8_t {
  decimal = 0, tiny = 1, small = 2, integer = 3, float32 = 4, float64 = 5, null = 6,
  timestamp = 7, bigint = 8, medium = 9, date = 10, time = 11, datetime = 12, year = 13,
  newdate = 14, varchar = 15, bit = 16, timestamp2 = 17, datetime2 = 18, time2 = 19,
  typed_array = 20,
  mariadb_blob_compressed = 140, mariadb_varchar_compressed = 141,
  vector = 242, json = 245, newdecimal = 246, enumeration = 247, set = 248,
  tiny_blob = 249, medium_blob = 250, long_blob = 251, blob = 252,
  var_string = 253, string = 254, geometry = 255,
};

struct TableMapColumn {
  WireType type = WireType::null;  // STRING is resolved into string, enumeration or set
  std::uint16_t meta = 0;          // per type: see table_map.cpp; STRING: length in bytes
  bool nullable = true;
  // From the optional metadata; empty where the event does not say.
  std::optional<bool> is_unsigned;
  std::optional<std::uint32_t> collation;  // character columns, ENUM and SET
  std::string name;
  std::vector<std::string> members;        // ENUM, SET: in the column's character set
  std::optional<bool> visible;
  std::uint32_t dimensions = 0;            // VECTOR
};

struct TableMap {
  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  TableId id;
  std::vector<TableMapColumn> columns;
  // Column index and prefix length in characters (0: the whole column).
  std::vector<std::pair<std::uint32_t, std::uint32_t>> primary_key;
  bool has_names = false;  // binlog_row_metadata=FULL: names, key and members are all there
};

// Only the id, for filtering and for the cache. Errors halt: binlog.corrupt.
Result<std::uint64_t> parse_table_id(const EventView& event, const FormatDescription& format);
Result<TableMap> parse_table_map(const EventView& event, const FormatDescription& format);

// What the event alone tells: with binlog_row_metadata=FULL everything but TINYINT(1) and what
// MariaDB hides; otherwise names are c1…cn and what is not said is left open: integers signed,
// ENUM and SET without members (decoded as numbers), texts with charset "" (decoded as text where
// they are valid UTF-8, else as bytes).
TableSchema make_schema(const TableMap& map);

}  // namespace tailrace::capture
