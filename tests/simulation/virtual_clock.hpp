// Time that passes only when the simulation says so, and a little with every look at it, so that
// whoever waits for a deadline comes to it.
// Threading: one thread.
#pragma once

#include <algorithm>

#include "core/clock.hpp"

namespace tailrace::simulation {

class VirtualClock final : public Clock {
 public:
  Deadline now() const override { return now_ += std::chrono::microseconds(10); }
  std::int64_t wall_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()).count();
  }
  void advance(Milliseconds by) { now_ += by; }
  void advance_to(Deadline then) { now_ = std::max(now_, then); }

 private:
  mutable Deadline now_ = Deadline{} + std::chrono::hours(1);  // zero means "never" to the engine
};

}  // namespace tailrace::simulation
