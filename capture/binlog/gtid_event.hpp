// GTID, ANONYMOUS_GTID and GTID_TAGGED, which begin MySQL's transactions, and MariaDB's GTID.
// Sources: MySQL control_events.cpp and mysql::serialization (tagged), MariaDB Gtid_log_event.
// Threading: free functions on plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "core/mysql_gtid_set.hpp"

namespace tailrace::capture {

struct GtidEvent {
  MysqlGtid gtid;          // number 0 when anonymous
  bool anonymous = false;
  std::uint8_t flags = 0;  // 1: may have statements in text form
  std::int64_t last_committed = 0;
  std::int64_t sequence_number = 0;
  std::int64_t immediate_commit_us = 0;  // on the server that was read; 0 before 8.0.1
  std::int64_t original_commit_us = 0;   // on the server where it happened
  std::uint64_t transaction_bytes = 0;   // with this event; 0 before 8.0.2
};
// For all three types.
Result<GtidEvent> parse_gtid(const EventView& event);

struct MariadbGtidEvent {
  std::uint64_t sequence = 0;
  std::uint32_t domain = 0;
  std::uint32_t server_id = 0;
  std::uint8_t flags = 0;
  std::uint8_t extra_flags = 0;       // 2 START ALTER, 4 COMMIT ALTER, 8 ROLLBACK ALTER
  std::uint64_t alter_sequence = 0;   // of the START ALTER that a COMMIT or ROLLBACK ends
  std::uint32_t xid_format = 0;
  std::string_view xid;               // global part then branch part, for XA
  std::uint8_t xid_global_bytes = 0;

  bool standalone() const { return (flags & 0x01) != 0; }     // one QUERY, no COMMIT
  bool starts_alter() const { return (extra_flags & 0x02) != 0; }
  bool rolls_alter_back() const { return (extra_flags & 0x08) != 0; }
  bool is_ddl() const { return (flags & 0x20) != 0; }
  bool xa_prepared() const { return (flags & 0x40) != 0; }
  bool xa_completed() const { return (flags & 0x80) != 0; }
};
Result<MariadbGtidEvent> parse_mariadb_gtid(const EventView& event);

}  // namespace tailrace::capture
