// Where the events of a binlog come from: a file (ranged_file.hpp) or a server (server_events.hpp).
// Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"

namespace tailrace::capture {

class EventStream {
 public:
  virtual ~EventStream() = default;

  // The next event, valid until the next call of any method; nullopt at the end of what was asked
  // for. Its offset is that in its binlog file. Every error names the file or server, the offset
  // and, where it can be told, the event's type.
  virtual Result<std::optional<EventView>> next() = 0;

  // At most `bytes` bytes, unchecked, from the event on that begins `ahead` bytes behind the last
  // one: all of that event at least, or as much of it as `bytes` allows. Empty: there is none, or
  // it is too far ahead.
  virtual Result<std::string_view> peek(std::uint64_t ahead, std::size_t bytes) = 0;

  // What the last FORMAT_DESCRIPTION said.
  virtual const FormatDescription& format() const = 0;
  // For messages: the path, or the server and its file.
  virtual std::string place() const = 0;
  // The binlog file that the last event is in, without a folder; "-" is standard input.
  virtual std::string_view file() const = 0;
};

}  // namespace tailrace::capture
