// Reads a source into tables in memory, as a consumer would, and keeps what tests ask about.
// Threading: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server.hpp"

namespace tailrace::capture::testing {

class Reading {
 public:
  explicit Reading(const BinlogSourceOptions& options)
      : source_(must(BinlogSource::create(options))) {}

  // Fresh: with a first load.
  void start() { start({}); }
  void start(const SourcePosition& from) { must(source_->start(from)); }
  // Streams what comes after `executed`, without a first load.
  void start_after(const GtidSet& executed);

  // Until everything in `target` was read. Retry errors are counted, others end it: see error().
  bool read_until(const GtidSet& target, int seconds = 60);
  // Until an error that halts; its code.
  std::string read_until_halted(int seconds = 60);
  // One call of next().
  bool step(Milliseconds wait = Milliseconds(100));

  using Table = std::map<std::string, std::string>;  // key → row, both as JSON
  std::map<std::string, Table> tables;
  std::vector<TableEvent> table_events;
  std::vector<Transaction> heads;  // without rows
  std::map<TransactionKind, int> kinds;
  std::uint64_t rows = 0;
  std::uint64_t skipped = 0;
  int retries = 0;
  SourcePosition position;
  std::optional<Error> error;

  BinlogSource& source() { return *source_; }
  void apply(const RowChange& change);

 private:
  bool take(Transaction transaction);

  std::unique_ptr<BinlogSource> source_;
};

}  // namespace tailrace::capture::testing
