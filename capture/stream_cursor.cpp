#include "capture/stream_cursor.hpp"

#include "capture/binlog/control_events.hpp"

namespace tailrace::capture {

void StreamCursor::reach(std::uint32_t wrapped) {
  constexpr std::uint64_t low_bits = 0xffffffffULL;
  std::uint64_t offset = (position_.offset & ~low_bits) | wrapped;
  if (offset < position_.offset) offset += low_bits + 1;
  position_.offset = offset;
}

Result<void> StreamCursor::pass(const EventView& event) {
  if (event.header.type == EventType::rotate) {
    TAILRACE_ASSIGN(const RotateEvent rotate, parse_rotate(event));
    position_.file = rotate.file;
    position_.offset = rotate.position;
    return {};
  }
  if (event.header.type == EventType::heartbeat || event.header.type == EventType::heartbeat_v2) {
    TAILRACE_ASSIGN(const HeartbeatEvent heartbeat, parse_heartbeat(event));
    if (heartbeat.file != position_.file) return {};
    if (event.header.type == EventType::heartbeat) {
      reach(static_cast<std::uint32_t>(heartbeat.position));
    } else if (heartbeat.position > position_.offset) {
      position_.offset = heartbeat.position;
    }
    return {};
  }
  if (event.artificial()) return {};
  if (event.header.end_position != 0) {
    reach(event.header.end_position);
  } else if (event.header.type != EventType::format_description) {
    position_.offset += event.header.size;  // MariaDB inside transactions; a resent head of a file
  }
  return {};
}

}  // namespace tailrace::capture
