// Where reading begins or ends: --start-position and --stop-position.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/gtid_set.hpp"
#include "core/position.hpp"
#include "core/result.hpp"

namespace tailrace::app {

// Of a file an offset; of a server a file with an offset, or the transactions that were read.
struct ReadPoint {
  BinlogPosition at;            // no file: only an offset was given
  std::optional<GtidSet> gtid;  // set: the transactions before the point

  // "4711", "binlog.000042", "binlog.000042:4711", "gtid:<set>". Error halt position.malformed.
  static Result<ReadPoint> parse(std::string_view text);
};

}  // namespace tailrace::app
