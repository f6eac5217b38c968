#include "capture/binlog/event_type.hpp"

#include <array>


#include "capture/binlog/event.hpp"

namespace tailrace::capture {

namespace {

constexpr std::array<std::string_view, 43> mysql_names = {
    "UNKNOWN", "START_V3", "QUERY", "STOP", "ROTATE", "INTVAR", "LOAD", "SLAVE", "CREATE_FILE",
    "APPEND_BLOCK", "EXEC_LOAD", "DELETE_FILE", "NEW_LOAD", "RAND", "USER_VAR",
    "FORMAT_DESCRIPTION", "XID", "BEGIN_LOAD_QUERY", "EXECUTE_LOAD_QUERY", "TABLE_MAP",
    "PRE_GA_WRITE_ROWS", "PRE_GA_UPDATE_ROWS", "PRE_GA_DELETE_ROWS", "WRITE_ROWS_V1",
    "UPDATE_ROWS_V1", "DELETE_ROWS_V1", "INCIDENT", "HEARTBEAT", "IGNORABLE", "ROWS_QUERY",
    "WRITE_ROWS", "UPDATE_ROWS", "DELETE_ROWS", "GTID", "ANONYMOUS_GTID", "PREVIOUS_GTIDS",
    "TRANSACTION_CONTEXT", "VIEW_CHANGE", "XA_PREPARE", "PARTIAL_UPDATE_ROWS",
    "TRANSACTION_PAYLOAD", "HEARTBEAT_V2", "GTID_TAGGED"};

constexpr std::array<std::string_view, 13> mariadb_names = {
    "ANNOTATE_ROWS", "BINLOG_CHECKPOINT", "MARIADB_GTID", "GTID_LIST", "START_ENCRYPTION",
    "QUERY_COMPRESSED", "WRITE_ROWS_COMPRESSED_V1", "UPDATE_ROWS_COMPRESSED_V1",
    "DELETE_ROWS_COMPRESSED_V1", "WRITE_ROWS_COMPRESSED", "UPDATE_ROWS_COMPRESSED",
    "DELETE_ROWS_COMPRESSED", "PARTIAL_ROW_DATA"};

EventAction classify_known(EventType type) {
  using enum EventType;
  switch (type) {
    case query: case rotate: case format_description: case xid: case table_map:
    case write_rows_v1: case update_rows_v1: case delete_rows_v1: case heartbeat: case rows_query:
    case write_rows: case update_rows: case delete_rows: case gtid: case anonymous_gtid:
    case previous_gtids: case xa_prepare: case transaction_payload: case heartbeat_v2:
    case gtid_tagged: case mariadb_annotate_rows: case mariadb_gtid:
      return EventAction::handle;
    case EventType::stop: case slave: case ignorable: case transaction_context: case view_change:
    case mariadb_binlog_checkpoint: case mariadb_gtid_list:
      return EventAction::skip;
    case intvar: case rand: case user_var: case load: case create_file: case append_block:
    case exec_load: case delete_file: case new_load: case begin_load_query:
    case execute_load_query:
      return EventAction::statement;
    case unknown: case start_v3: case pre_ga_write_rows: case pre_ga_update_rows:
    case pre_ga_delete_rows: case incident: case partial_update_rows:
    case mariadb_start_encryption: case mariadb_query_compressed:
    case mariadb_write_rows_compressed_v1: case mariadb_update_rows_compressed_v1:
    case mariadb_delete_rows_compressed_v1: case mariadb_write_rows_compressed:
    case mariadb_update_rows_compressed: case mariadb_delete_rows_compressed:
    case mariadb_partial_row_data:
      return EventAction::stop;
  }
  return EventAction::stop;  // a number without a name
}

}  // namespace

std::string_view event_name(EventType type) {
  const auto number = static_cast<std::size_t>(type);
  if (number < mysql_names.size()) return mysql_names[number];
  if (number >= 160 && number < 160 + mariadb_names.size()) return mariadb_names[number - 160];
  return mysql_names[0];
}

bool is_rows_event(EventType type) {
  return (type >= EventType::write_rows_v1 && type <= EventType::delete_rows_v1) ||
         (type >= EventType::write_rows && type <= EventType::delete_rows);
}

EventAction classify(EventType type, std::uint16_t flags) {
  const EventAction action = classify_known(type);
  if (action == EventAction::stop && (flags & event_flag::ignorable) != 0) {
    return EventAction::skip;
  }
  return action;
}

}  // namespace tailrace::capture
