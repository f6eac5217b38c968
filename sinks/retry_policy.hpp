// How long to wait before a retry: exponential back-off with full jitter, so that many clients that
// failed together do not come back together.
// Threading: plain value; pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.hpp"

namespace tailrace::sinks {

struct RetryPolicy {
  Milliseconds from{200};     // the ceiling before the first retry; at least 1 ms
  Milliseconds up_to{30000};  // no ceiling is higher

  // The longest wait before retry number `attempt` (0: the first): from, 2 from, 4 from … up_to.
  Milliseconds ceiling(unsigned attempt) const {
    const std::int64_t first = std::max<std::int64_t>(from.count(), 1);
    const std::int64_t highest = std::max<std::int64_t>(up_to.count(), first);
    // Past this many doublings `first` is beyond `highest`; shifting further would overflow.
    if (attempt >= 62 || first > (highest >> attempt)) return Milliseconds(highest);
    return Milliseconds(first << attempt);
  }

  // Evenly distributed over 1 ms … ceiling(attempt); `random` is any 64 random bits.
  Milliseconds delay(unsigned attempt, std::uint64_t random) const {
    const auto width = static_cast<std::uint64_t>(ceiling(attempt).count());
    return Milliseconds(static_cast<std::int64_t>(random % width) + 1);
  }
};

}  // namespace tailrace::sinks
