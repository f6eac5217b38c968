// Gzip of request bodies at the fastest level. Keeps its memory between bodies.
// Threading: one thread at a time.
#pragma once

#include <zlib.h>

#include <optional>
#include <string>
#include <string_view>

namespace tailrace::sinks {

class Gzip {
 public:
  Gzip() {
    constexpr int with_gzip_header = 15 + 16;
    ready_ = deflateInit2(&stream_, 1, Z_DEFLATED, with_gzip_header, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Gzip() {
    if (ready_) deflateEnd(&stream_);
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // nullopt: no memory, or a text of 4 GiB; send it as it is.
  std::optional<std::string> compress(std::string_view text) {
    if (!ready_ || text.size() > 0xffffffffu || deflateReset(&stream_) != Z_OK) return std::nullopt;
    std::string out(deflateBound(&stream_, static_cast<uLong>(text.size())), '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return std::nullopt;
    out.resize(stream_.total_out);
    return out;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace tailrace::sinks
