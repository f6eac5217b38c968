#include "capture/binlog/binlog_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tailrace::capture {

namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;
// A transaction payload can have a gigabyte: what is larger than this is mapped where it can be.
constexpr std::size_t map_above_bytes = std::size_t{4} << 20;
constexpr std::string_view magic(
    "\xfe"
    "bin",
    4);
constexpr std::string_view encrypted_magic(
    "\xfd"
    "bin",
    4);

}  // namespace

BinlogFile::BinlogFile(int descriptor, std::string name)
    : descriptor_(descriptor),
      name_(std::move(name)),
      buffer_(std::make_unique_for_overwrite<char[]>(chunk_bytes)),
      capacity_(chunk_bytes) {}

BinlogFile::~BinlogFile() {
  drop_mapping();
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

BinlogFile::BinlogFile(BinlogFile&& other) noexcept { *this = std::move(other); }

BinlogFile& BinlogFile::operator=(BinlogFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(name_, other.name_);
  std::swap(seekable_from_, other.seekable_from_);
  std::swap(buffer_, other.buffer_);
  std::swap(capacity_, other.capacity_);
  std::swap(start_, other.start_);
  std::swap(end_, other.end_);
  std::swap(offset_, other.offset_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  std::swap(ahead_, other.ahead_);
  std::swap(reader_, other.reader_);
  return *this;
}

Result<BinlogFile> BinlogFile::open(const std::string& path) {
  const bool standard_input = path == "-";
  const int descriptor = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return halt("file.open", fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  BinlogFile file(descriptor, standard_input ? "standard input" : path);
  struct stat facts {};
  if (::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode)) {
    const off_t from = ::lseek(descriptor, 0, SEEK_CUR);
    if (from >= 0) file.seekable_from_ = static_cast<std::uint64_t>(from);
  }
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

Failure BinlogFile::cut_off(std::size_t size, std::size_t there) const {
  if (there < event_header_bytes) {
    return halt(
        "binlog.truncated",
        fmt::format("{}: it ends inside the header of the event at offset {}", name_, offset_));
  }
  EventView event;
  event.header = decode_event_header(buffer_.get() + start_);
  event.offset = offset_;
  return halt("binlog.truncated", fmt::format("{}: it ends inside the {}: {} of {} bytes are there",
                                              name_, event_place(event), there, size));
}

void BinlogFile::drop_mapping() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_bytes_);
  mapping_ = nullptr;
}

Result<std::uint64_t> BinlogFile::file_bytes() const {
  struct stat facts {};
  if (::fstat(descriptor_, &facts) != 0) {
    return halt("file.read", fmt::format("reading {} failed: {}", name_, std::strerror(errno)));
  }
  return static_cast<std::uint64_t>(facts.st_size);
}

Failure BinlogFile::ends_before(std::uint64_t offset, std::uint64_t end) const {
  return halt("binlog.start_position",
              fmt::format("{}: it ends at offset {}, before the start position {}", name_, end,
                          offset));
}

std::string BinlogFile::shown_name() const {
  return descriptor_ == STDIN_FILENO ? "-" : name_.substr(name_.rfind('/') + 1);
}

// The event at offset_, all of it; the bytes of it that are in the buffer are left there.
Result<std::string_view> BinlogFile::map_event(std::size_t size) {
  const std::uint64_t from = *seekable_from_ + offset_;
  TAILRACE_ASSIGN(const std::uint64_t bytes, file_bytes());
  if (bytes < from + size) return cut_off(size, static_cast<std::size_t>(bytes - from));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = from / page * page;
  mapping_bytes_ = static_cast<std::size_t>(from - first) + size;
  mapping_ = ::mmap(nullptr, mapping_bytes_, PROT_READ, MAP_PRIVATE, descriptor_,
                    static_cast<off_t>(first));
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    return halt("file.read", fmt::format("mapping {} failed: {}", name_, std::strerror(errno)));
  }
  return std::string_view(static_cast<const char*>(mapping_) + (from - first), size);
}

Result<void> BinlogFile::skip_to(std::uint64_t offset) {
  if (offset < offset_) return {};
  drop_mapping();
  if (offset - offset_ <= end_ - start_) {
    start_ += static_cast<std::size_t>(offset - offset_);
  } else if (seekable_from_) {
    TAILRACE_ASSIGN(const std::uint64_t bytes, file_bytes());
    if (*seekable_from_ + offset > bytes) return ends_before(offset, bytes - *seekable_from_);
    start_ = end_ = 0;
    if (::lseek(descriptor_, static_cast<off_t>(*seekable_from_ + offset), SEEK_SET) < 0) {
      return halt("file.read", fmt::format("reading {} failed: {}", name_, std::strerror(errno)));
    }
  } else {
    while (offset_ < offset) {
      const auto step =
          static_cast<std::size_t>(std::min<std::uint64_t>(offset - offset_, chunk_bytes));
      TAILRACE_ASSIGN(const bool there, want(step));
      if (!there) return ends_before(offset, offset_ + (end_ - start_));
      start_ += step;
      offset_ += step;
    }
  }
  offset_ = offset;
  return {};
}

Result<std::string_view> BinlogFile::peek(std::uint64_t offset, std::size_t bytes) {
  drop_mapping();
  const std::uint64_t ahead = offset - offset_;
  if (ahead + bytes > end_ - start_) {
    if (seekable_from_) {
      ahead_.resize(bytes);
      const ssize_t got =
          ::pread(descriptor_, ahead_.data(), bytes, static_cast<off_t>(*seekable_from_ + offset));
      if (got < 0) {
        return halt("file.read", fmt::format("reading {} failed: {}", name_, std::strerror(errno)));
      }
      return std::string_view(ahead_).substr(0, static_cast<std::size_t>(got));
    }
    if (ahead + bytes > look_ahead_bytes) return std::string_view();
    TAILRACE_TRY(want(static_cast<std::size_t>(ahead) + bytes));
  }
  const std::string_view buffered(buffer_.get() + start_, end_ - start_);
  return ahead >= buffered.size() ? std::string_view()
                                  : buffered.substr(static_cast<std::size_t>(ahead), bytes);
}

Result<std::optional<EventView>> BinlogFile::next() {
  Result<std::optional<EventView>> event = next_event();
  if (!event && !event.error().message.starts_with(name_)) {
    event.error().message = name_ + ": " + event.error().message;
  }
  return event;
}

Result<std::optional<EventView>> BinlogFile::next_event() {
  drop_mapping();
  TAILRACE_ASSIGN(const bool header_there, want(event_header_bytes));
  if (!header_there) {
    if (start_ == end_) return std::optional<EventView>();
    return cut_off(event_header_bytes, end_ - start_);
  }
  const EventHeader header = decode_event_header(buffer_.get() + start_);
  std::string_view packet;
  if (header.size > map_above_bytes && seekable_from_ && header.size > end_ - start_) {
    TAILRACE_ASSIGN(packet, map_event(header.size));
    start_ = end_ = 0;
    if (::lseek(descriptor_, static_cast<off_t>(*seekable_from_ + offset_ + header.size),
                SEEK_SET) < 0) {
      return halt("file.read", fmt::format("reading {} failed: {}", name_, std::strerror(errno)));
    }
  } else {
    TAILRACE_ASSIGN(const bool all_there, want(header.size));
    if (!all_there) return cut_off(header.size, end_ - start_);
    packet = {buffer_.get() + start_, std::max<std::size_t>(header.size, event_header_bytes)};
    start_ += packet.size();
  }
  // A size below the header's is refused there.
  TAILRACE_ASSIGN(const EventView event, reader_.read(packet, offset_));
  // Only this event says whether the others carry checksums: without it nothing can be trusted.
  if (offset_ == magic.size() && header.type != EventType::format_description) {
    return header.type == EventType::start_v3
               ? unsupported_event(event, "written by MySQL 4.1 or older")
               : corrupt_event(event, "the file does not begin with FORMAT_DESCRIPTION");
  }
  offset_ += packet.size();
  return std::optional<EventView>(event);
}

}  // namespace tailrace::capture
