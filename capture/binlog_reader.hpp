// The thread behind a BinlogSource: connects, checks, loads, streams, and connects again when the
// connection breaks, from the last transaction that reached the queue.
// Threading: run() in its own thread.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "capture/binlog_source_options.hpp"
#include "capture/buffered_rows.hpp"
#include "capture/captured_tables.hpp"
#include "capture/mysql/connection.hpp"
#include "capture/reader_identity.hpp"
#include "capture/server_facts.hpp"
#include "capture/snapshot.hpp"
#include "capture/stream_cursor.hpp"
#include "capture/transaction_assembler.hpp"
#include "capture/transaction_queue.hpp"

namespace tailrace::capture {

// What the reader works with; everything outlives it.
struct ReaderParts {
  const BinlogSourceOptions& options;
  const CapturedTables& tables;
  RowDecoding& decoding;
  Snapshot& snapshot;
  TransactionQueue& queue;
  std::shared_ptr<mysql::Interrupter> interrupter;
};

// Connects and refuses a server that does not fit: settings, privileges, and a history that does
// not hold `from` (source.diverged) or does not reach back to it (source.purged).
Result<ServerFacts> admit_server(const BinlogSourceOptions& options, const SourcePosition& from,
                                 mysql::Connection& connection);

class BinlogReader {
 public:
  explicit BinlogReader(ReaderParts parts);

  // Ends when asked to stop, or after an error that halts, which then closes the queue.
  void run(const std::stop_token& stop);

 private:
  Result<void> session();
  Result<mysql::Connection> connect(mysql::Use use) const;
  Result<void> learn_tables(mysql::Connection& connection, ReadTransaction& read);
  Result<void> first_load(mysql::Connection& connection, const ServerFacts& facts);
  Result<void> wait_for_prepared(mysql::Connection& connection) const;
  Result<void> stream();
  Result<void> check_not_replaced(mysql::Connection& connection) const;
  mysql::DumpRequest dump_request(const mysql::ServerVersion& version) const;
  Passed passed_here() const;
  Result<void> take(const EventView& event, const std::shared_ptr<const FormatDescription>& format);
  Result<void> deliver(AssembledTransaction done);
  Result<void> announce(const SourcePosition& position, TransactionKind kind,
                        ReadTransaction read = {});
  Result<void> note_caught_up();
  bool wait_before_retry(const std::stop_token& stop);

  ReaderParts parts_;
  ReaderIdentity identity_;
  const std::string name_;  // of this reader among those of the same identity
  bool streamed_ = false;   // it had the stream before
  bool by_gtid_ = true;  // else by file and offset: the server has no GTIDs
  std::string server_uuid_;
  bool tables_known_;    // the definitions of tables at the position are saved
  std::unique_ptr<TransactionAssembler> assembler_;
  StreamCursor cursor_;
  SnapshotPhase phase_ = SnapshotPhase::none;
  BinlogPosition high_;
  // On another server than the one that was loaded from positions mean nothing, and MariaDB tells
  // none before its first heartbeat if nothing follows: then this is what has to be read.
  std::optional<GtidSet> high_set_;
  unsigned failures_ = 0;  // since the last event
};

}  // namespace tailrace::capture
