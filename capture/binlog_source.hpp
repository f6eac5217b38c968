// Transactions of one MySQL server: a first load if the pipeline is fresh, then its binlog by GTID,
// or by file and offset where the server has none.
// Threading: as ChangeSource says; progress() from any thread. One thread of its own reads ahead.
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "capture/binlog_source_options.hpp"
#include "capture/buffered_rows.hpp"
#include "capture/captured_tables.hpp"
#include "capture/change_source.hpp"
#include "capture/mysql/interrupter.hpp"
#include "capture/schema_history.hpp"
#include "capture/snapshot.hpp"
#include "capture/transaction_queue.hpp"

namespace tailrace::capture {

class BinlogSource : public ChangeSource {
 public:
  // Connects to nothing yet. Error halt: a selected table or column is not in the schemas.
  static Result<std::unique_ptr<BinlogSource>> create(BinlogSourceOptions options);
  ~BinlogSource() override;
  BinlogSource(const BinlogSource&) = delete;
  BinlogSource& operator=(const BinlogSource&) = delete;

  // Errors halt at once: source.preflight, source.access_denied, source.diverged, source.purged …
  // A server that cannot be reached is no error here: next() tells, and goes on trying.
  Result<void> start(const SourcePosition& from) override;
  Result<std::optional<Transaction>> next(Deadline deadline) override;
  Result<GtidSet> committed_now() override;
  Result<std::optional<GtidSet>> lost_at_takeover(const SourcePosition& read) override;
  // To start behind a place of the server's binlog, or behind all there is now, without a first
  // load. Errors: read_position().
  Result<SourcePosition> position_at(const std::optional<BinlogPosition>& place);
  void request_stop() noexcept override;

  SnapshotProgress progress() const { return snapshot_.progress(); }

 private:
  BinlogSource(BinlogSourceOptions options, CapturedTables tables);
  void end_reader();
  Result<std::optional<TableDefinition>> read_definition_again(const TableId& id);
  std::shared_ptr<mysql::Interrupter> interrupter() const;

  const BinlogSourceOptions options_;
  const CapturedTables tables_;
  SchemaHistory history_;
  RowDecoding decoding_;
  Snapshot snapshot_;

  mutable std::mutex mutex_;  // of the two pointers, which request_stop() reads
  std::shared_ptr<mysql::Interrupter> interrupter_;
  std::shared_ptr<TransactionQueue> queue_;  // shared with the reader's thread
  bool stopped_ = false;
  std::jthread reader_;
};

}  // namespace tailrace::capture
