#include "capture/binlog/ranged_file.hpp"

namespace tailrace::capture {

RangedFile::RangedFile(BinlogFile& file, FileRange range)
    : file_(file), range_(range), shown_name_(file.shown_name()) {}

Result<std::optional<EventView>> RangedFile::next() {
  if (skip_) TAILRACE_TRY(file_.skip_to(range_.start));
  skip_ = false;
  if (file_.offset() >= range_.stop) return std::nullopt;
  const std::uint64_t offset = file_.offset();
  auto event = file_.next();
  if (!event && offset == range_.start && event.error().code != "file.read") {
    return halt("binlog.start_position",
                event.error().message + "; --start-position must be where an event begins");
  }
  // The file's format stands in its first event, whatever is skipped.
  skip_ = event && *event && (*event)->header.type == EventType::format_description &&
          range_.start > file_.offset();
  return event;
}

}  // namespace tailrace::capture
