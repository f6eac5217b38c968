#include "capture/binlog/binlog_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace tailrace::capture {

namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr std::string_view magic("\xfe" "bin", 4);
constexpr std::string_view encrypted_magic("\xfd" "bin", 4);

}  // namespace

BinlogFile::BinlogFile(int descriptor, std::string name)
    : descriptor_(descriptor),
      name_(std::move(name)),
      buffer_(std::make_unique_for_overwrite<char[]>(chunk_bytes)),
      capacity_(chunk_bytes) {}

BinlogFile::~BinlogFile() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

BinlogFile::BinlogFile(BinlogFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      buffer_(std::move(other.buffer_)),
      capacity_(other.capacity_),
      start_(other.start_),
      end_(other.end_),
      offset_(other.offset_),
      reader_(std::move(other.reader_)) {}

BinlogFile& BinlogFile::operator=(BinlogFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(name_, other.name_);
  std::swap(buffer_, other.buffer_);
  std::swap(capacity_, other.capacity_);
  std::swap(start_, other.start_);
  std::swap(end_, other.end_);
  std::swap(offset_, other.offset_);
  std::swap(reader_, other.reader_);
  return *this;
}

Result<BinlogFile> BinlogFile::open(const std::string& path) {
  const bool standard_input = path == "-";
  const int descriptor =
      standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return halt("file.open", fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  BinlogFile file(descriptor, standard_input ? "standard input" : path);
  TAILRACE_TRY(file.check_magic());
  return file;
}

Result<void> BinlogFile::check_magic() {
  TAILRACE_ASSIGN(const bool there, want(magic.size()));
  const std::string_view first(buffer_.get(), std::min(end_, magic.size()));
  if (first == encrypted_magic) {
    return halt("binlog.encrypted",
                name_ + " is encrypted; read it from the server, which decrypts what it sends");
  }
  if (!there || first != magic) {
    return halt("binlog.not_a_binlog", name_ + " does not begin like a binlog file");
  }
  start_ = magic.size();
  offset_ = magic.size();
  return {};
}

Result<bool> BinlogFile::want(std::size_t bytes) {
  while (end_ - start_ < bytes) {
    if (start_ != 0) {
      std::memmove(buffer_.get(), buffer_.get() + start_, end_ - start_);
      end_ -= start_;
      start_ = 0;
    }
    if (end_ == capacity_) {  // grows with what has really arrived: a lie in a header costs nothing
      auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
      std::memcpy(larger.get(), buffer_.get(), end_);
      buffer_ = std::move(larger);
      capacity_ *= 2;
    }
    const ssize_t got = ::read(descriptor_, buffer_.get() + end_, capacity_ - end_);
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return halt("file.read", fmt::format("reading {} failed: {}", name_, std::strerror(errno)));
    }
    end_ += static_cast<std::size_t>(got);
  }
  return true;
}

Result<std::optional<EventView>> BinlogFile::next() {
  TAILRACE_ASSIGN(const bool header_there, want(event_header_bytes));
  if (!header_there && start_ == end_) return std::optional<EventView>();
  std::size_t size = 0;
  if (header_there) {
    size = decode_event_header(buffer_.get() + start_).size;
    if (size < event_header_bytes) {
      return halt("binlog.corrupt",
                  fmt::format("{}: the event at offset {} says it has {} bytes", name_, offset_,
                              size));
    }
  }
  TAILRACE_ASSIGN(const bool all_there, want(std::max(size, event_header_bytes)));
  if (!all_there) {
    return halt("binlog.truncated",
                fmt::format("{} ends inside the event at offset {}", name_, offset_));
  }
  Result<EventView> event = reader_.read({buffer_.get() + start_, size}, offset_);
  if (!event) {
    event.error().message = name_ + ": " + event.error().message;
    return Failure(std::move(event).error());
  }
  // Only this event says whether the others carry checksums: without it nothing can be trusted.
  if (offset_ == magic.size() && event->header.type != EventType::format_description) {
    return event->header.type == EventType::start_v3
               ? unsupported_event(*event, "written by MySQL 4.1 or older")
               : corrupt_event(*event, "the file does not begin with FORMAT_DESCRIPTION");
  }
  start_ += size;
  offset_ += size;
  return std::optional<EventView>(*event);
}

}  // namespace tailrace::capture
