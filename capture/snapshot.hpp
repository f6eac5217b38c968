// The first load: every row of the mapped tables as of one consistent snapshot, lookup tables
// first, each table in chunks by its primary key.
// Threading: one thread reads; progress() from any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "capture/captured_tables.hpp"
#include "capture/mysql/connection.hpp"
#include "capture/snapshot_progress.hpp"
#include "capture/snapshot_rows.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

class Snapshot {
 public:
  struct Options {
    std::string database;
    std::size_t chunk_rows = 10000;
    std::size_t chunk_bytes = 4u << 20;  // a chunk of wide rows ends earlier
  };
  // Takes over the rows; false: stop reading.
  using Deliver = std::function<bool(std::unique_ptr<SnapshotRows>)>;

  Snapshot(const CapturedTables& tables, Options options)
      : tables_(tables), options_(std::move(options)) {}

  // Opens the consistent snapshot on `connection`.
  Result<void> open(mysql::Connection& connection);
  // Reads everything. Error retry source.stopped when `deliver` said stop.
  Result<void> read(mysql::Connection& connection, const Deliver& deliver);

  SnapshotProgress progress() const;

 private:
  Result<void> estimate(mysql::Connection& connection);
  Result<void> read_table(mysql::Connection& connection, std::size_t table, const Deliver& deliver);
  void count(std::size_t table, std::size_t rows, bool done);

  const CapturedTables& tables_;
  Options options_;
  mutable std::mutex mutex_;
  SnapshotProgress progress_;
};

}  // namespace tailrace::capture
