// Options of the embedded log.
// Threading: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace tailrace::stream {

struct EmbeddedOptions {
  std::string path;    // a directory of its own inside state.dir
  int partitions = 4;  // of a new change log; fixed afterwards

  // Topics kept by time that no group reads (events): what is older goes, checked coarsely.
  std::chrono::hours retention{7 * 24};
  // Trimming waits until so many records of a partition can go: each trim leaves a range tombstone.
  std::int64_t trim_records = 8192;
  const Clock* clock = &system_clock();  // for retention only
};

}  // namespace tailrace::stream
