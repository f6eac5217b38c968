#include "capture/binlog/payload_reader.hpp"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "capture/binlog/event_reader.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

enum class PayloadField : std::uint8_t { end = 0, payload_size = 1, compression = 2 };
constexpr std::uint64_t algorithm_zstd = 0;
constexpr std::uint64_t algorithm_none = 255;

}  // namespace

struct PayloadReader::Stream {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { ZSTD_freeDCtx(context); }
};

PayloadReader::PayloadReader(PayloadLimits limits)
    : limits_(limits), stream_(std::make_unique<Stream>()) {
  ZSTD_DCtx_setParameter(stream_->context, ZSTD_d_windowLogMax, limits_.window_log);
}
PayloadReader::~PayloadReader() = default;
PayloadReader::PayloadReader(PayloadReader&&) noexcept = default;
PayloadReader& PayloadReader::operator=(PayloadReader&&) noexcept = default;

Result<void> PayloadReader::open(const EventView& event) {
  event_ = event;
  start_ = end_ = 0;
  frame_open_ = false;
  produced_ = 0;
  WireReader in(event.body);
  std::uint64_t size = in.remaining();
  std::uint64_t algorithm = algorithm_none;
  bool size_given = false;
  while (in.ok()) {
    const std::uint64_t field = in.lenenc();
    if (field == static_cast<std::uint64_t>(PayloadField::end)) break;
    WireReader value(in.sized());
    if (field == static_cast<std::uint64_t>(PayloadField::payload_size)) {
      size = value.lenenc();
      size_given = true;
    }
    if (field == static_cast<std::uint64_t>(PayloadField::compression)) algorithm = value.lenenc();
    if (!value.ok()) in.fail();
  }
  input_ = in.take(size_given ? size : in.remaining());
  if (!in.ok()) return corrupt_event(event, "its fields or its payload are cut off");
  if (algorithm != algorithm_zstd && algorithm != algorithm_none) {
    return unsupported_event(event, "compression algorithm " + std::to_string(algorithm));
  }
  compressed_ = algorithm == algorithm_zstd;
  ZSTD_DCtx_reset(stream_->context, ZSTD_reset_session_only);
  return {};
}

// Unpacks some more bytes behind end_. False: the payload is at its end.
Result<bool> PayloadReader::produce() {
  if (input_.empty() && !frame_open_) return false;
  const std::size_t room = buffer_.size() - end_;
  std::size_t made = 0;
  if (compressed_) {
    ZSTD_outBuffer out{buffer_.data() + end_, room, 0};
    ZSTD_inBuffer in{input_.data(), input_.size(), 0};
    const std::size_t status = ZSTD_decompressStream(stream_->context, &out, &in);
    if (ZSTD_isError(status) != 0) {
      return corrupt_event(event_, std::string("zstd: ") + ZSTD_getErrorName(status));
    }
    input_.remove_prefix(in.pos);
    made = out.pos;
    frame_open_ = status != 0;  // also while unpacked bytes wait inside for room
    if (made == 0 && in.pos == 0) return corrupt_event(event_, "its zstd frame is cut off");
  } else {
    made = std::min(room, input_.size());
    std::memcpy(buffer_.data() + end_, input_.data(), made);
    input_.remove_prefix(made);
  }
  end_ += made;
  produced_ += made;
  return true;
}

Result<bool> PayloadReader::fill(std::size_t size) {
  while (end_ - start_ < size) {
    if (start_ != 0) {
      std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
      end_ -= start_;
      start_ = 0;
    }
    // Grows with what has really arrived: a lie in a header costs no memory.
    if (end_ == buffer_.size()) buffer_.resize(std::max<std::size_t>(64 * 1024, end_ * 2));
    TAILRACE_ASSIGN(const bool more, produce());
    if (!more) return false;
  }
  return true;
}

Result<std::optional<EventView>> PayloadReader::next() {
  TAILRACE_ASSIGN(const bool header_there, fill(event_header_bytes));
  if (!header_there) {
    if (start_ == end_) return std::optional<EventView>();
    return corrupt_event(event_, "an inner event is cut off");
  }
  EventView inner;
  inner.offset = event_.offset;
  inner.header = decode_event_header(buffer_.data() + start_);
  const std::size_t size = inner.header.size;
  if (size < event_header_bytes) return corrupt_event(event_, "an inner event without a header");
  if (size > limits_.event_bytes) {
    return halt("binlog.too_large", "an inner event of " + std::to_string(size) +
                                        " bytes in the transaction payload at offset " +
                                        std::to_string(event_.offset));
  }
  TAILRACE_ASSIGN(const bool all_there, fill(size));
  if (!all_there) return corrupt_event(event_, "an inner event is cut off");
  inner.body = std::string_view(buffer_).substr(start_ + event_header_bytes,
                                                size - event_header_bytes);
  start_ += size;
  return std::optional<EventView>(inner);
}

}  // namespace tailrace::capture
