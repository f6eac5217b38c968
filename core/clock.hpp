// Time behind a port, so that a simulation can run on a virtual clock.
// No ordering decision ever uses a clock; it serves time-outs, back-off, lag and metrics.
// Threading: every method from any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace tailrace {

using Milliseconds = std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic; for deadlines and durations.
  virtual Deadline now() const = 0;
  // Microseconds since 1970-01-01 UTC; for people and lag, may jump.
  virtual std::int64_t wall_us() const = 0;
};

// The machine's clock. Lives as long as the process.
const Clock& system_clock();

}  // namespace tailrace
