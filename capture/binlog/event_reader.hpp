// Turns packets (one event each) into events: lengths, checksum, and the state that each
// FORMAT_DESCRIPTION sets for what follows.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"

namespace tailrace::capture {

class EventReader {
 public:
  // `announced`: what this client asked the server for; it governs the events before the first
  // FORMAT_DESCRIPTION (the artificial ROTATE). none for files.
  explicit EventReader(ChecksumAlgorithm announced = ChecksumAlgorithm::none) {
    format_.checksum = announced;
  }

  // `packet`: exactly one event as in the file, or from the wire after the OK byte. The view refers
  // to it. Errors halt: binlog.corrupt, binlog.checksum.
  Result<EventView> read(std::string_view packet, std::uint64_t offset);

  const FormatDescription& format() const { return format_; }

 private:
  FormatDescription format_;
};

// The header alone, from at least event_header_bytes; nothing is checked.
EventHeader decode_event_header(const char* bytes);

}  // namespace tailrace::capture
