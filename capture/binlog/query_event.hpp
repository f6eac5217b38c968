// QUERY: BEGIN, COMMIT, XA …, and every statement that is logged as text.
// Source: MySQL Query_event (status variable codes), binlog.md on MariaDB's.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/binlog/event.hpp"

namespace tailrace::capture {

struct QueryEvent {
  std::uint32_t thread_id = 0;
  std::uint32_t seconds = 0;
  std::uint16_t error_code = 0;
  std::uint64_t sql_mode = 0;            // 0 where the event does not say
  std::uint16_t client_collation = 0;    // of the statement's text; 0: not said
  std::uint16_t database_collation = 0;  // of the default database; 0: not said
  std::string_view database;             // the default database, utf8mb3
  std::string_view sql;                  // bytes in the client's character set

  static constexpr std::uint64_t mode_ansi_quotes = 0x4;
  static constexpr std::uint64_t mode_no_backslash_escapes = 0x100000;
};

// Status variables after the first unknown code are not read; the statement is found all the same.
Result<QueryEvent> parse_query(const EventView& event);

}  // namespace tailrace::capture
