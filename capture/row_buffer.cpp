#include "capture/row_buffer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace tailrace::capture {
namespace {

constexpr std::size_t write_bytes = 1u << 20;
constexpr std::size_t window_bytes = 1u << 20;

// Before each event's body.
struct EntryHeader {
  std::uint64_t offset;
  std::uint32_t body_bytes;
  std::uint32_t skipped_before;
  std::uint8_t type;
  std::uint8_t unused[7];
};
static_assert(sizeof(EntryHeader) == 24);

Failure spool_failed(const std::string& folder, const char* what) {
  return retry("source.spool", std::string("cannot ") + what + " a temporary file for a large "
               "transaction in " + folder + ": " + std::strerror(errno));
}

std::string folder_of(const SpoolOptions& options) {
  if (!options.folder.empty()) return options.folder;
  std::error_code ignored;
  return std::filesystem::temp_directory_path(ignored).string();
}

}  // namespace

RowBuffer::~RowBuffer() {
  if (file_ >= 0) ::close(file_);
}

Result<void> RowBuffer::open_file() {
  const std::string folder = folder_of(options_);
  file_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file_ < 0) {  // A file system without O_TMPFILE.
    std::string name = folder + "/transaction-XXXXXX";
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ >= 0) ::unlink(name.c_str());
  }
  if (file_ < 0) return spool_failed(folder, "create");
  return {};
}

Result<void> RowBuffer::flush() {
  std::size_t done = 0;
  while (done < memory_.size()) {
    const ssize_t written = ::write(file_, memory_.data() + done, memory_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return spool_failed(folder_of(options_), "write");
    done += static_cast<std::size_t>(written);
  }
  memory_.clear();
  return {};
}

Result<void> RowBuffer::append(const StoredEvent& stored) {
  const EntryHeader header{stored.event.offset,
                           static_cast<std::uint32_t>(stored.event.body.size()),
                           stored.skipped_before,
                           static_cast<std::uint8_t>(stored.event.header.type),
                           {}};
  const std::size_t size = sizeof header + stored.event.body.size();
  if (file_ < 0 && bytes_ + size > options_.above_bytes) {
    TAILRACE_TRY(open_file());
    TAILRACE_TRY(flush());
    memory_.shrink_to_fit();
  }
  memory_.append(reinterpret_cast<const char*>(&header), sizeof header);
  memory_.append(stored.event.body);
  bytes_ += size;
  if (file_ >= 0 && memory_.size() >= write_bytes) TAILRACE_TRY(flush());
  return {};
}

Result<void> RowBuffer::finish() {
  if (file_ < 0) return {};
  TAILRACE_TRY(flush());
  memory_ = std::string();
  rewind();
  return {};
}

void RowBuffer::rewind() {
  at_ = 0;
  if (file_ >= 0) {
    memory_.clear();
    file_at_ = 0;
  }
}

Result<bool> RowBuffer::fill(std::size_t size) {
  if (memory_.size() - at_ >= size) return true;
  if (file_ < 0) return false;
  memory_.erase(0, at_);
  at_ = 0;
  std::size_t have = memory_.size();
  memory_.resize(std::max(size, window_bytes));
  while (have < memory_.size()) {
    const ssize_t got =
        ::pread(file_, memory_.data() + have, memory_.size() - have, static_cast<off_t>(file_at_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return spool_failed(folder_of(options_), "read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    file_at_ += static_cast<std::uint64_t>(got);
  }
  memory_.resize(have);
  return have >= size;
}

Result<std::optional<StoredEvent>> RowBuffer::next() {
  TAILRACE_ASSIGN(const bool more, fill(sizeof(EntryHeader)));
  if (!more) return std::optional<StoredEvent>{};
  EntryHeader header;
  std::memcpy(&header, memory_.data() + at_, sizeof header);
  TAILRACE_ASSIGN(const bool whole, fill(sizeof header + header.body_bytes));
  if (!whole) return retry("source.spool", "a spooled transaction is shorter than it was written");
  StoredEvent stored;
  stored.event.header.type = static_cast<EventType>(header.type);
  stored.event.offset = header.offset;
  stored.event.body = std::string_view(memory_).substr(at_ + sizeof header, header.body_bytes);
  stored.skipped_before = header.skipped_before;
  at_ += sizeof header + header.body_bytes;
  return std::optional<StoredEvent>(stored);
}

}  // namespace tailrace::capture
