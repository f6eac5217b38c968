// A binlog file as a stream of events, from one offset to another.
// Threading: one thread.
#pragma once

#include <limits>
#include <string>

#include "capture/binlog/binlog_file.hpp"
#include "capture/binlog/event_stream.hpp"

namespace tailrace::capture {

struct FileRange {
  std::uint64_t start = 0;  // offset of the first event behind FORMAT_DESCRIPTION
  // Events from here on are not read.
  std::uint64_t stop = std::numeric_limits<std::uint64_t>::max();
};

class RangedFile final : public EventStream {
 public:
  // `file` must outlive it.
  RangedFile(BinlogFile& file, FileRange range);

  // Error halt binlog.start_position: no event begins there, or the file ends before.
  Result<std::optional<EventView>> next() override;
  Result<std::string_view> peek(std::uint64_t ahead, std::size_t bytes) override {
    return file_.peek(file_.offset() + ahead, bytes);
  }
  const FormatDescription& format() const override { return file_.format(); }
  std::string place() const override { return file_.name(); }
  std::string_view file() const override { return shown_name_; }

 private:
  BinlogFile& file_;
  FileRange range_;
  bool skip_ = false;  // to the start, before the next event
  std::string shown_name_;
};

}  // namespace tailrace::capture
