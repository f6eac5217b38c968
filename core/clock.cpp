#include "core/clock.hpp"

namespace tailrace {

namespace {
class SystemClock final : public Clock {
 public:
  Deadline now() const override { return std::chrono::steady_clock::now(); }
  std::int64_t wall_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};
}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace tailrace
