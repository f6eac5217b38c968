// Reads a binlog from a file or a pipe, event by event, with memory for one event; of a file, large
// events are mapped, not read.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "capture/binlog/event_reader.hpp"

namespace tailrace::capture {

class BinlogFile {
 public:
  // "-" is standard input. Errors halt: file.open, binlog.not_a_binlog, binlog.encrypted.
  static Result<BinlogFile> open(const std::string& path);
  ~BinlogFile();
  BinlogFile(BinlogFile&&) noexcept;
  BinlogFile& operator=(BinlogFile&&) noexcept;

  // The next event, valid until the next call; nullopt at the end of the file. An event that the
  // file ends within halts with binlog.truncated. Every error names the file, the offset and, where
  // it can be told, the event's type.
  Result<std::optional<EventView>> next();

  // Goes on at `offset`, which must not lie behind; a pipe is read up to there. Error halt
  // binlog.start_position: the file ends before.
  Result<void> skip_to(std::uint64_t offset);

  // At most `bytes` bytes from `offset` >= offset() on, unchecked; fewer at the end of the file,
  // and of a pipe past look_ahead_bytes. Valid until the next call; the last event is not, then.
  Result<std::string_view> peek(std::uint64_t offset, std::size_t bytes);
  static constexpr std::size_t look_ahead_bytes = std::size_t{4} << 20;

  const FormatDescription& format() const { return reader_.format(); }
  std::uint64_t offset() const { return offset_; }  // where the next event begins
  const std::string& name() const { return name_; }
  // Without its folder; "-" is standard input.
  std::string shown_name() const;

 private:
  BinlogFile(int descriptor, std::string name);
  Result<bool> want(std::size_t bytes);  // false: the file ends before
  Result<void> check_magic();
  Result<std::optional<EventView>> next_event();
  Result<std::string_view> map_event(std::size_t size);
  Result<std::uint64_t> file_bytes() const;
  Failure ends_before(std::uint64_t offset, std::uint64_t end) const;
  void drop_mapping();
  Failure cut_off(std::size_t size, std::size_t there) const;

  int descriptor_ = -1;
  std::string name_;
  std::optional<std::uint64_t> seekable_from_;  // where the binlog begins; unset: a pipe
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  void* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
  std::string ahead_;
  EventReader reader_;
};

}  // namespace tailrace::capture
