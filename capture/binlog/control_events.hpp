// The small events around transactions. Strings are views into the event.
// Threading: free functions on plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "core/mysql_gtid_set.hpp"

namespace tailrace::capture {

struct RotateEvent {
  std::uint64_t position = 4;
  std::string_view file;
};
Result<RotateEvent> parse_rotate(const EventView& event);

// HEARTBEAT and HEARTBEAT_V2: where the server is although nothing was sent.
struct HeartbeatEvent {
  std::string_view file;
  std::uint64_t position = 0;  // version 1 carries it in the header: 32 bits that wrap
};
Result<HeartbeatEvent> parse_heartbeat(const EventView& event);

Result<std::uint64_t> parse_xid(const EventView& event);

// The SQL text of ROWS_QUERY and of MariaDB's ANNOTATE_ROWS.
Result<std::string_view> parse_rows_query(const EventView& event);

struct IncidentEvent {
  std::uint16_t number = 0;  // 1: lost events
  std::string_view message;
};
Result<IncidentEvent> parse_incident(const EventView& event);

struct XaPrepareEvent {
  bool one_phase = false;  // committed now; else an XA COMMIT or XA ROLLBACK follows some time
  std::uint32_t format_id = 0;
  std::string_view global_part;
  std::string_view branch_part;
};
Result<XaPrepareEvent> parse_xa_prepare(const EventView& event);

Result<MysqlGtidSet> parse_previous_gtids(const EventView& event);

}  // namespace tailrace::capture
