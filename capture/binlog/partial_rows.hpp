// MariaDB's PARTIAL_ROW_DATA events: a row event that was cut into pieces because it was too large
// for a packet, put together again. Source: MariaDB 12.3 sql/log_event.h (Partial_rows_log_event,
// MDEV-32570), binlog.md §1.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"

namespace tailrace::capture {

class PartialRows {
 public:
  // What a row event put together may have at most; the server's own limit for a packet.
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

  // Takes the next piece; the row event, compressed perhaps, comes out with the last one and is
  // valid until the next call of any method. Its offset is that of the first piece. Errors halt:
  // binlog.corrupt (a piece that is missing, sizes that do not add up), binlog.unsupported (above
  // most_bytes).
  Result<std::optional<EventView>> add(const EventView& piece);

  // Pieces wait for others, and this event cannot come now. A server that died leaves the first
  // pieces behind.
  bool is_interrupted_by(EventType type) const;
  bool open() const { return next_ != 0; }
  // Their transaction came to nothing.
  void reset();

 private:
  struct Head {
    std::uint32_t number = 0;
    std::uint32_t count = 0;
    std::optional<std::uint64_t> whole_bytes;
    std::string_view bytes;
  };
  Result<Head> read_head(const EventView& piece) const;
  Result<EventView> whole(const EventView& piece) const;

  std::string bytes_;
  std::uint64_t offset_ = 0;       // of the first piece
  std::uint64_t whole_bytes_ = 0;  // as the first one says; 0: it does not
  std::uint32_t count_ = 0;
  std::uint32_t next_ = 0;       // number of the piece that must come; 0: none
  bool count_is_first_ = false;  // of the two numbers in the pieces
};

}  // namespace tailrace::capture
