// Whether changed lookup values are followed to the documents that show them. One for a process: it
// outlives the projectors, which are built anew after errors. The value that a row which is new, or
// points elsewhere now, asks for is not meant: it is part of that change.
// Threading: every method from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace tailrace::engine {

class FanoutValve {
 public:
  // Keeps the time of an earlier pause.
  void pause(std::int64_t wall_us) {
    std::int64_t open = 0;
    was_used_ = true;
    paused_since_us_.compare_exchange_strong(open, wall_us);
  }
  void resume() { paused_since_us_ = 0; }
  bool is_paused() const { return paused_since_us_ != 0; }
  // 0: it is not.
  std::int64_t paused_since_us() const { return paused_since_us_; }
  bool was_used() const { return was_used_; }  // it was paused once

 private:
  std::atomic<std::int64_t> paused_since_us_{0};
  std::atomic<bool> was_used_{false};
};

}  // namespace tailrace::engine
