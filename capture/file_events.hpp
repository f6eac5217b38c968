// The events of binlog files, one file after the other, with compressed transactions unpacked.
// Threading: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/binlog/binlog_file.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "core/position.hpp"

namespace tailrace::capture {

class FileEvents {
 public:
  explicit FileEvents(std::vector<std::string> files) : files_(std::move(files)) {}

  // The next event, valid until the next call; nullopt behind the last file. Errors are those of
  // BinlogFile and name the file.
  Result<std::optional<EventView>> next();

  // Of the file that the last event is in.
  const std::shared_ptr<const FormatDescription>& format() const { return format_; }
  const std::string& file() const { return files_[at_]; }
  // Behind the last event, with the file's name as the server gave it.
  BinlogPosition position() const;
  // Made from the file's name and its first events: the same again as long as it only grows.
  const std::string& file_uuid() const { return file_uuid_; }

 private:
  Result<void> open_file();
  Result<std::optional<EventView>> next_raw();

  std::vector<std::string> files_;
  std::size_t at_ = 0;
  std::optional<BinlogFile> file_;
  std::shared_ptr<const FormatDescription> format_;
  std::string file_uuid_;
  PayloadReader payload_;
  bool in_payload_ = false;
};

}  // namespace tailrace::capture
