// One binlog event: its header and its body without the checksum, as views into somebody's bytes.
// Source of the layout: MySQL's Log_event_header, 19 bytes, little-endian.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/binlog/event_type.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

inline constexpr std::size_t event_header_bytes = 19;

namespace event_flag {
inline constexpr std::uint16_t in_use = 0x1;         // FORMAT_DESCRIPTION of a file still open
inline constexpr std::uint16_t artificial = 0x20;    // made by the dump thread, not in the file
inline constexpr std::uint16_t ignorable = 0x80;     // readers that do not know it may skip it
}  // namespace event_flag

struct EventHeader {
  std::uint32_t timestamp_s = 0;
  EventType type = EventType::unknown;
  std::uint32_t server_id = 0;
  std::uint32_t size = 0;          // header, body and checksum
  std::uint32_t end_position = 0;  // wraps at 4 GiB; 0 in payloads and in MariaDB 11.7 groups
  std::uint16_t flags = 0;
};

struct EventView {
  EventHeader header;
  std::string_view body;     // after the header, without the checksum
  std::uint64_t offset = 0;  // where the event begins, for messages: the caller's own count

  bool artificial() const { return (header.flags & event_flag::artificial) != 0; }
};

// "TABLE_MAP event at offset 4711", for messages.
std::string event_place(const EventView& event);
// Halts "binlog.corrupt": "TABLE_MAP event at offset 4711: <what>".
Failure corrupt_event(const EventView& event, std::string_view what);
// Halts "binlog.unsupported" with the same place.
Failure unsupported_event(const EventView& event, std::string_view what);

}  // namespace tailrace::capture
