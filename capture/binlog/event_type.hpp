// Numbers of binlog events, MySQL and MariaDB, and what a reader must do with each.
// Source: libs/mysql/binlog/event/binlog_event.h (MySQL 9), sql/log_event.h (MariaDB 11).
// Threading: free functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tailrace::capture {

enum class EventType : std::uint8_t {
  unknown = 0,
  start_v3 = 1,  // MySQL up to 4.1
  query = 2,
  stop = 3,
  rotate = 4,
  intvar = 5,
  load = 6,
  slave = 7,
  create_file = 8,
  append_block = 9,
  exec_load = 10,
  delete_file = 11,
  new_load = 12,
  rand = 13,
  user_var = 14,
  format_description = 15,
  xid = 16,
  begin_load_query = 17,
  execute_load_query = 18,
  table_map = 19,
  pre_ga_write_rows = 20,
  pre_ga_update_rows = 21,
  pre_ga_delete_rows = 22,
  write_rows_v1 = 23,
  update_rows_v1 = 24,
  delete_rows_v1 = 25,
  incident = 26,
  heartbeat = 27,
  ignorable = 28,
  rows_query = 29,
  write_rows = 30,
  update_rows = 31,
  delete_rows = 32,
  gtid = 33,
  anonymous_gtid = 34,
  previous_gtids = 35,
  transaction_context = 36,
  view_change = 37,
  xa_prepare = 38,
  partial_update_rows = 39,
  transaction_payload = 40,
  heartbeat_v2 = 41,
  gtid_tagged = 42,
  mariadb_annotate_rows = 160,
  mariadb_binlog_checkpoint = 161,
  mariadb_gtid = 162,
  mariadb_gtid_list = 163,
  mariadb_start_encryption = 164,
  mariadb_query_compressed = 165,
  mariadb_write_rows_compressed_v1 = 166,
  mariadb_update_rows_compressed_v1 = 167,
  mariadb_delete_rows_compressed_v1 = 168,
  mariadb_write_rows_compressed = 169,
  mariadb_update_rows_compressed = 170,
  mariadb_delete_rows_compressed = 171,
  mariadb_partial_row_data = 172,
};

// "TABLE_MAP", "WRITE_ROWS_V1"; "UNKNOWN" for a number without a name here.
std::string_view event_name(EventType type);

// WRITE, UPDATE, DELETE in versions 1 and 2; not PARTIAL_UPDATE, not compressed ones.
bool is_rows_event(EventType type);

enum class EventAction : std::uint8_t {
  handle,     // this folder reads it, the caller acts on it
  skip,       // no effect on rows or position beyond its length
  statement,  // belongs to a statement in text form: data is lost if its table is captured
  stop,       // going on could lose data: unknown, too old, encrypted, or an incident
};

// Total over all numbers: what is unknown stops, unless its header carries flag::ignorable.
EventAction classify(EventType type, std::uint16_t flags);

}  // namespace tailrace::capture
