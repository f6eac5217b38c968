// Where the reader is in the binlog, in 64 bits: the positions in events wrap at 4 GiB.
// Threading: one thread.
#pragma once

#include "capture/binlog/event.hpp"
#include "core/position.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

class StreamCursor {
 public:
  // Moves behind the event.
  Result<void> pass(const EventView& event);
  const BinlogPosition& position() const { return position_; }

 private:
  void reach(std::uint32_t wrapped);

  BinlogPosition position_;
};

}  // namespace tailrace::capture
