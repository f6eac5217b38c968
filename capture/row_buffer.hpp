// The row events of one transaction as they came: in memory, or past a limit in a file that has no
// name and vanishes with its last user.
// Threading: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

struct SpoolOptions {
  std::size_t above_bytes = 64u << 20;
  std::string folder;  // empty: the system's folder for temporary files
};

struct StoredEvent {
  EventView event;                   // type, body and offset; the rest of the header is not kept
  std::uint32_t skipped_before = 0;  // row events of unmapped tables just before this one
};

class RowBuffer {
 public:
  explicit RowBuffer(SpoolOptions options) : options_(std::move(options)) {}
  ~RowBuffer();
  RowBuffer(const RowBuffer&) = delete;
  RowBuffer& operator=(const RowBuffer&) = delete;

  // Error retry source.spool: the file cannot be written; the transaction can be read again later.
  Result<void> append(const StoredEvent& stored);
  // After the last append, before the first next().
  Result<void> finish();

  std::uint64_t bytes() const { return bytes_; }
  // What it occupies in memory.
  std::size_t memory_bytes() const { return memory_.capacity(); }
  bool spooled() const { return file_ >= 0; }

  // The next event, valid until the next call; nullopt at the end.
  Result<std::optional<StoredEvent>> next();
  void rewind();

 private:
  Result<void> open_file();
  Result<void> flush();
  Result<bool> fill(std::size_t size);  // until `size` bytes from at_ on are in memory

  SpoolOptions options_;
  std::string memory_;         // everything, or the part not yet written, or a window of the file
  std::size_t at_ = 0;         // of the next event in memory_
  std::uint64_t bytes_ = 0;
  std::uint64_t file_at_ = 0;  // reading: where the window ends in the file
  int file_ = -1;
};

}  // namespace tailrace::capture
