// What a source yields: committed transactions with their row changes, snapshot rows, marks.
// Threading: a Transaction belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/position.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "core/value.hpp"

namespace tailrace {

enum class RowOp : std::uint8_t { insert, update, remove };

// One row, before and after. The spans are indexed like table->columns; columns that were not in
// the image, or that nobody asked for, are absent. insert: before is empty; remove: after is empty.
struct RowChange {
  const TableSchema* table = nullptr;  // lives as long as the source that yielded it
  RowOp op = RowOp::insert;
  std::uint32_t index =
      0;  // number of this row change in its transaction, from 0, unmapped rows counted
  std::span<const Value> before;
  std::span<const Value> after;
  bool unchecked = false;  // with foreign_key_checks = 0: no foreign key did anything
};

// The rows of one transaction in order, read as often as needed: a giant transaction is spooled,
// not held, and whoever needs several passes rewinds.
class RowStream {
 public:
  virtual ~RowStream() = default;
  // The next few rows, valid until the next call; empty at the end.
  virtual Result<std::span<const RowChange>> next() = 0;
  virtual Result<void> rewind() = 0;
  // Size of the transaction on the wire, for budgets; stays the same when it is read again.
  virtual std::uint64_t bytes() const = 0;
};

// A statement that changes whole tables; ordered before the rows of its transaction.
enum class TableEventKind : std::uint8_t {
  truncate,
  drop,                // also renamed away, and its database dropped
  replaced,            // another table has its name now, with rows that nobody has seen
  rows_moved,          // rows came or went without row events: partitions, tablespaces
  definition_changed,  // see the lists; all empty: nothing that rows show
};
struct TableEvent {
  TableEventKind kind;
  TableId table;
  std::string statement;  // for people; at most 4 KiB
  // definition_changed and replaced, as far as the statement is understood: columns by name.
  std::vector<std::string> added{};
  std::vector<std::string> dropped{};
  std::vector<std::string> changed{};  // another type or name, or in the primary key, or not
  // The table behind the statement; null: not understood, the rows that follow will tell.
  std::shared_ptr<const TableSchema> now{};
};

enum class TransactionKind : std::uint8_t {
  rows,           // one committed transaction of the stream
  snapshot_rows,  // a chunk of the first load: every row is an insert, its token is (epoch, 0, 0)
  snapshot_end,  // the stream has passed the snapshot's `high`: what is shown from here on is whole
  position_only,  // nothing mapped happened (skipped transactions, heartbeat, a snapshot begins)
};

struct Transaction {
  TransactionKind kind = TransactionKind::rows;
  std::string gtid;                 // empty for a snapshot
  std::int64_t commit_time_us = 0;  // from the GTID event (else the event's seconds); 0: unknown
  std::uint64_t transactions_skipped =
      0;                    // how many transactions without mapped rows came before it
  SourcePosition position;  // everything up to and including this one
  std::vector<TableEvent> table_events;
  std::unique_ptr<RowStream> rows;  // null: no rows
};

}  // namespace tailrace
