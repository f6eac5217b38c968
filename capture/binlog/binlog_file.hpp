// Reads a binlog from a file or a pipe, event by event, with memory for one event.
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
  // file ends within halts with binlog.truncated and its offset, like every other error.
  Result<std::optional<EventView>> next();

  const FormatDescription& format() const { return reader_.format(); }
  std::uint64_t offset() const { return offset_; }  // where the next event begins
  const std::string& name() const { return name_; }

 private:
  BinlogFile(int descriptor, std::string name);
  Result<bool> want(std::size_t bytes);  // false: the file ends before
  Result<void> check_magic();

  int descriptor_ = -1;
  std::string name_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  EventReader reader_;
};

}  // namespace tailrace::capture
