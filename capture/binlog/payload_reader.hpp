// TRANSACTION_PAYLOAD: the events of one transaction inside a zstd frame, unpacked as a stream.
// Source: MySQL Transaction_payload_event; inner events have no checksum and end_position 0.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "capture/binlog/event.hpp"

namespace tailrace::capture {

struct PayloadLimits {
  std::size_t event_bytes = std::size_t{1} << 30;  // largest inner event: the server's own limit
  int window_log = 27;                             // 128 MiB; the server's level 22 needs that
};

class PayloadReader {
 public:
  explicit PayloadReader(PayloadLimits limits = {});
  ~PayloadReader();
  PayloadReader(PayloadReader&&) noexcept;
  PayloadReader& operator=(PayloadReader&&) noexcept;

  // Begins with another event, whose bytes must live until the last next(). The zstd context and
  // the buffer are kept from event to event.
  Result<void> open(const EventView& event);

  // The next inner event, valid until the next call; nullopt at the end. Memory: one inner event.
  // Every inner event carries the offset of the payload event. Errors halt: binlog.corrupt, or
  // binlog.too_large.
  Result<std::optional<EventView>> next();

  std::uint64_t uncompressed_bytes() const { return produced_; }  // so far

 private:
  struct Stream;

  // Until the buffer holds `size` bytes from start_ on; false: the payload ends before.
  Result<bool> fill(std::size_t size);
  Result<bool> produce();

  PayloadLimits limits_;
  std::unique_ptr<Stream> stream_;
  EventView event_;
  std::string_view input_;
  bool compressed_ = true;
  bool frame_open_ = false;
  std::string buffer_;
  std::size_t start_ = 0;  // of the unread bytes in buffer_
  std::size_t end_ = 0;
  std::uint64_t produced_ = 0;
};

}  // namespace tailrace::capture
