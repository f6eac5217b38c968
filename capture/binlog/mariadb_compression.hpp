// The events that MariaDB writes with log_bin_compress: QUERY and rows with their last part
// deflated. Source: MariaDB sql/log_event.cc (binlog_buf_uncompress, row_log_event_uncompress).
// Threading: one thread.
#pragma once

#include <memory>
#include <string>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"

namespace tailrace::capture {

// QUERY_COMPRESSED and the compressed rows of both versions.
bool is_mariadb_compressed(EventType type);

class MariadbDecompressor {
 public:
  MariadbDecompressor();
  ~MariadbDecompressor();
  MariadbDecompressor(const MariadbDecompressor&) = delete;
  MariadbDecompressor& operator=(const MariadbDecompressor&) = delete;

  // The event as the server would have written it without compression; valid until the next call.
  // Errors halt: binlog.corrupt, also where it claims more than its bytes can hold,
  // binlog.unsupported for another algorithm than zlib.
  Result<EventView> expand(const EventView& event, const FormatDescription& format);

 private:
  struct Inflater;

  std::unique_ptr<Inflater> inflater_;
  std::string body_;
};

}  // namespace tailrace::capture
