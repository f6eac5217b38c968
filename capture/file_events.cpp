#include "capture/file_events.hpp"

#include "capture/reader_identity.hpp"

namespace tailrace::capture {
namespace {

constexpr std::size_t head_events = 3;
constexpr std::size_t head_event_bytes = 1024;

// Where the file comes from: its first events hold the server, the time, and what came before.
Result<std::string> uuid_of(BinlogFile& file) {
  std::string head;
  std::uint64_t offset = file.offset();
  for (std::size_t i = 0; i < head_events; ++i) {
    TAILRACE_ASSIGN(const std::string_view bytes, file.peek(offset, head_event_bytes));
    if (bytes.size() < event_header_bytes) break;
    const std::size_t size = decode_event_header(bytes.data()).size;
    // The open file's flag goes away when it is closed.
    head += bytes.substr(0, 17);
    if (i != 0) head += bytes.substr(0, size);
    offset += size;
  }
  return reader_identity(file.shown_name(), head, "binlog file", 0).uuid;
}

}  // namespace

BinlogPosition FileEvents::position() const {
  return file_ ? BinlogPosition{file_->shown_name(), file_->offset()} : BinlogPosition{};
}

Result<void> FileEvents::open_file() {
  TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(files_[at_]));
  file_.emplace(std::move(file));
  TAILRACE_ASSIGN(file_uuid_, uuid_of(*file_));
  return {};
}

Result<std::optional<EventView>> FileEvents::next_raw() {
  if (in_payload_) {
    TAILRACE_ASSIGN(const auto inner, payload_.next());
    if (inner) return inner;
    in_payload_ = false;
  }
  while (at_ < files_.size()) {
    if (!file_) TAILRACE_TRY(open_file());
    TAILRACE_ASSIGN(const auto event, file_->next());
    if (event) return event;
    if (at_ + 1 == files_.size()) return std::nullopt;  // it stays the file at hand
    file_.reset();
    ++at_;
  }
  return std::nullopt;
}

Result<std::optional<EventView>> FileEvents::next() {
  TAILRACE_ASSIGN(auto event, next_raw());
  if (!event) return std::nullopt;
  if (event->header.type == EventType::format_description) {
    format_ = std::make_shared<const FormatDescription>(file_->format());
  } else if (event->header.type == EventType::transaction_payload) {
    if (in_payload_) return corrupt_event(*event, "it lies inside another payload");
    TAILRACE_TRY(payload_.open(*event));
    in_payload_ = true;
    return next();
  }
  return event;
}

}  // namespace tailrace::capture
