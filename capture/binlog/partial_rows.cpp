#include "capture/binlog/partial_rows.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>

#include "capture/binlog/event_reader.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint8_t has_whole_size = 0x01;
constexpr std::size_t checksum_bytes = 4;

// The event is cut as it would have been written, perhaps with a checksum of its own.
bool ends_with_checksum(std::string_view bytes) {
  if (bytes.size() < event_header_bytes + checksum_bytes) return false;
  const std::size_t covered = bytes.size() - checksum_bytes;
  return load<std::uint32_t>(bytes.data() + covered) == libdeflate_crc32(0, bytes.data(), covered);
}

}  // namespace

void PartialRows::reset() {
  // What a giant one took is given back.
  constexpr std::size_t kept_bytes = std::size_t{4} << 20;
  if (bytes_.capacity() > kept_bytes) bytes_ = std::string();
  bytes_.clear();
  next_ = 0;
  whole_bytes_ = 0;
}

// The two numbers stand in one order in MariaDB's documentation and in the other in its source: the
// first piece, number 1 of two or more, tells which it is.
Result<PartialRows::Head> PartialRows::read_head(const EventView& piece) const {
  WireReader in(piece.body);
  const std::uint32_t first = in.u32();
  const std::uint32_t second = in.u32();
  const std::uint8_t flags = in.u8();
  Head head;
  if ((flags & has_whole_size) != 0) head.whole_bytes = in.u64();
  head.bytes = in.rest();
  if (!in.ok()) return corrupt_event(piece, "its head is cut off");
  const bool count_is_first = open() ? count_is_first_ : first != 1;
  head.number = count_is_first ? second : first;
  head.count = count_is_first ? first : second;
  return head;
}

bool PartialRows::is_interrupted_by(EventType type) const {
  return open() && type != EventType::mariadb_partial_row_data &&
         type != EventType::format_description && type != EventType::stop &&
         type != EventType::rotate && type != EventType::heartbeat &&
         type != EventType::heartbeat_v2;
}

Result<std::optional<EventView>> PartialRows::add(const EventView& piece) {
  TAILRACE_ASSIGN(const Head head, read_head(piece));
  if (!open()) {
    reset();
    if (head.number != 1 || head.count == 0) {
      return corrupt_event(piece, fmt::format("it is piece {} of {}, and the pieces before it are "
                                              "missing",
                                              head.number, head.count));
    }
    count_is_first_ = load<std::uint32_t>(piece.body.data()) != 1;
    count_ = head.count;
    whole_bytes_ = head.whole_bytes.value_or(0);
    offset_ = piece.offset;
    next_ = 1;
  }
  if (head.number != next_ || head.count != count_) {
    return corrupt_event(piece, fmt::format("it is piece {} of {}, but piece {} of {} must come",
                                            head.number, head.count, next_, count_));
  }
  if (std::max(whole_bytes_, bytes_.size() + head.bytes.size()) > most_bytes) {
    return unsupported_event(piece, "the row event that it is a piece of has more than 1 GiB");
  }
  bytes_.append(head.bytes);
  if (next_++ != count_) return std::nullopt;
  next_ = 0;
  TAILRACE_ASSIGN(const EventView event, whole(piece));
  return std::optional<EventView>(event);
}

Result<EventView> PartialRows::whole(const EventView& piece) const {
  const auto broken = [&](std::string_view what) {
    return corrupt_event(piece, fmt::format("the pieces up to it are no row event: {}", what));
  };
  if (whole_bytes_ != 0 && whole_bytes_ != bytes_.size()) {
    return broken(fmt::format("{} of {} bytes are there", bytes_.size(), whole_bytes_));
  }
  if (bytes_.size() < event_header_bytes) return broken("too short");
  EventView event;
  event.header = decode_event_header(bytes_.data());
  const EventType type = event.header.type;
  if (!is_rows_event(type) && !is_mariadb_compressed(type)) return broken("another type");
  event.offset = offset_;
  event.body = std::string_view(bytes_).substr(event_header_bytes);
  if (ends_with_checksum(bytes_)) event.body.remove_suffix(checksum_bytes);
  return event;
}

}  // namespace tailrace::capture
