// The frame of a row event: which table, which columns, and the bytes of the rows.
// Source: MySQL Rows_event, binlog.md §1.3.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"
#include "core/change.hpp"

namespace tailrace::capture {

struct RowsEvent {
  RowOp op = RowOp::insert;
  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  std::uint32_t width = 0;         // columns in the images
  std::string_view before_columns; // bitmap, least significant bit first; update and remove
  std::string_view after_columns;  // insert and update
  std::string_view rows;
  std::uint64_t offset = 0;        // of the event, for messages
  EventType type = EventType::unknown;
  bool partial = false;            // PARTIAL_UPDATE_ROWS: JSON values may be differences

  // The session had foreign_key_checks = 0.
  bool unchecked() const { return (flags & 0x2) != 0; }
  // The statement's last row event: table ids are forgotten after it.
  bool ends_statement() const { return (flags & 0x1) != 0; }
};

// WRITE, UPDATE, DELETE of versions 1 and 2, PARTIAL_UPDATE. Errors halt: binlog.corrupt;
// binlog.unsupported for compressed ones (mariadb_compression.hpp). parse_table_id()
// (table_map.hpp) reads the id alone.
Result<RowsEvent> parse_rows(const EventView& event, const FormatDescription& format);

}  // namespace tailrace::capture
