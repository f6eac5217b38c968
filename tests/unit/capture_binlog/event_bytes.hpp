// Builds event bytes for tests, as a server would write them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "core/bytes.hpp"

namespace tailrace::capture {

struct EventSpec {
  EventType type = EventType::query;
  std::string body;
  std::uint16_t flags = 0;
  bool checksum = true;
};

inline std::string event_bytes(const EventSpec& spec) {
  std::string bytes;
  append_fixed<std::uint32_t>(bytes, 1'700'000'000);
  bytes.push_back(static_cast<char>(spec.type));
  append_fixed<std::uint32_t>(bytes, 7);
  const std::size_t size = event_header_bytes + spec.body.size() + (spec.checksum ? 4 : 0);
  append_fixed<std::uint32_t>(bytes, static_cast<std::uint32_t>(size));
  append_fixed<std::uint32_t>(bytes, 1234);
  append_fixed<std::uint16_t>(bytes, spec.flags);
  bytes += spec.body;
  if (spec.checksum) {
    append_fixed<std::uint32_t>(
        bytes, static_cast<std::uint32_t>(crc32_z(
                   0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size())));
  }
  return bytes;
}

inline std::string format_description_bytes(std::string_view version, bool checksum) {
  std::string body;
  append_fixed<std::uint16_t>(body, 4);
  std::string padded(version);
  padded.resize(50, '\0');
  body += padded;
  append_fixed<std::uint32_t>(body, 0);
  body.push_back(19);
  std::string lengths(41, '\0');
  lengths[18] = 8;                               // TABLE_MAP
  lengths[29] = lengths[30] = lengths[31] = 10;  // rows of version 2
  body += lengths;
  body.push_back(checksum ? '\1' : '\0');
  return event_bytes({EventType::format_description, body, 0, true});
}

// The view that EventReader would give, without its checks.
inline EventView event_view(EventType type, std::string_view body) {
  EventView event;
  event.header.type = type;
  event.header.end_position = 1234;
  event.body = body;
  event.offset = 4711;
  return event;
}

}  // namespace tailrace::capture
