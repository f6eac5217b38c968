// How far a first load is, for people.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tailrace::capture {

struct TableProgress {
  std::string table;
  std::uint64_t rows_done = 0;
  std::uint64_t rows_estimate = 0;  // the server's guess; may be far off
  bool done = false;
};

struct SnapshotProgress {
  bool started = false;
  bool finished = false;  // every row was read; the stream may still be behind the snapshot
  std::vector<TableProgress> tables;
};

}  // namespace tailrace::capture
