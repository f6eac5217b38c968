#include "capture/commit_lookup.hpp"

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/event_reader.hpp"
#include "capture/binlog/query_event.hpp"

namespace tailrace::capture {

namespace {

// Enough for the whole of a COMMIT with all its status variables.
constexpr std::size_t peeked_bytes = 1024;

// SAVEPOINT and the like come before the end of a group.
bool ends_group(std::string_view sql) {
  return sql == "COMMIT" || sql == "ROLLBACK" || sql == "BEGIN";
}

bool begins_another(EventType type) {
  switch (type) {
    case EventType::gtid:
    case EventType::anonymous_gtid:
    case EventType::gtid_tagged:
    case EventType::mariadb_gtid:
    case EventType::xa_prepare:
    case EventType::rotate:
    case EventType::stop:
    case EventType::format_description:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::optional<std::uint64_t>> xid_of_group(EventStream& events) {
  const std::size_t checksum_bytes =
      events.format().checksum == ChecksumAlgorithm::crc32 ? sizeof(std::uint32_t) : 0;
  std::uint64_t ahead = 0;
  while (true) {
    TAILRACE_ASSIGN(const std::string_view head, events.peek(ahead, peeked_bytes));
    if (head.size() < event_header_bytes) return std::nullopt;
    EventView event;
    event.header = decode_event_header(head.data());
    const std::size_t size = event.header.size;
    if (size < event_header_bytes + checksum_bytes) return std::nullopt;
    if (begins_another(event.header.type)) return std::nullopt;
    if (size <= head.size()) {
      event.body = head.substr(event_header_bytes, size - event_header_bytes - checksum_bytes);
      if (event.header.type == EventType::xid) {
        const auto xid = parse_xid(event);
        return xid ? std::optional(*xid) : std::nullopt;
      }
      if (event.header.type == EventType::query) {
        const auto query = parse_query(event);
        if (!query || ends_group(query->sql)) return std::nullopt;
      }
    }
    ahead += size;
  }
}

Result<std::optional<std::uint64_t>> xid_in_payload(PayloadReader& reader, const EventView& event) {
  std::optional<std::uint64_t> xid;
  if (!reader.open(event)) return xid;
  while (true) {
    const auto inner = reader.next();
    if (!inner || !*inner) return xid;
    if ((*inner)->header.type != EventType::xid) continue;
    TAILRACE_ASSIGN(xid, parse_xid(**inner));
  }
}

}  // namespace tailrace::capture
