// Walks binlogs and tells of the row changes and statements in them, in their order, as they are
// logged: nothing waits for its commit, so a transaction of any size passes through. For looking
// at binlogs; a pipeline reads committed transactions (transaction_assembler.hpp).
// Threading: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/ranged_file.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/partial_rows.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/table_maps.hpp"
#include "capture/change_selection.hpp"
#include "capture/known_schemas.hpp"
#include "capture/statement.hpp"

namespace tailrace::capture {

struct WalkedTransaction {
  std::uint64_t sequence = 0;        // from 1 in the run
  std::string gtid;                  // empty: none
  std::optional<std::uint64_t> xid;  // of its commit, where that could be looked up ahead
  std::int64_t commit_time_us = 0;   // 0: its events have only seconds
  std::uint64_t rows = 0;            // so far, of all tables
};

// The rows of one event of a table that was asked for.
struct WalkedRows {
  const EventView& event;
  const WalkedTransaction& transaction;
  const std::shared_ptr<const TableLayout>& layout;
  RowOp op;
  std::string_view file;
};

struct WalkedStatement {
  const EventView& event;
  const WalkedTransaction& transaction;
  bool truncate;         // of a table; else any other definition
  TableId table;         // the first that it names; no table: one that names none
  std::string_view sql;  // UTF-8
  std::string_view file;
};

class ChangeVisitor {
 public:
  virtual ~ChangeVisitor() = default;
  virtual Result<void> begin_rows(const WalkedRows& rows) = 0;
  // One row of them; `index` counts in its transaction. The values are gone after the call.
  virtual Result<void> row(std::uint64_t index, std::span<const Value> before,
                           std::span<const Value> after) = 0;
  virtual Result<void> statement(const WalkedStatement& statement) = 0;
  // No transaction is open: what comes next may be long in coming.
  virtual Result<void> at_rest() { return {}; }
};

struct WalkOptions {
  bool decode_values = true;  // false: rows are only counted, and their spans are empty
  bool look_up_xid = true;
  ChangeSelection selection;
  KnownSchemas schemas;  // for tables whose columns the binlog does not name
  // Something that whoever reads the changes must know and that no change shows.
  std::function<void(const std::string& text)> warn = [](const std::string&) {};
};

class ChangeWalk {
 public:
  ChangeWalk(WalkOptions options, ChangeVisitor& visitor);

  // To the end of the stream. Errors name file, offset and event.
  Result<void> read(EventStream& events);
  using Range = FileRange;
  Result<void> read(BinlogFile& file, Range range);

  const DecodeCounters& repaired() const { return repaired_; }
  // Statements that changed rows of tables that were asked for without logging the rows.
  std::uint64_t row_statements() const { return row_statements_; }
  // Events with which a server said that it lost others.
  std::uint64_t incidents() const { return incidents_; }

 private:
  Result<void> apply(const EventView& event);
  Result<void> payload(const EventView& event);
  Result<void> piece(const EventView& event);
  Result<void> begin_gtid(const EventView& event);
  Result<void> begin_mariadb_gtid(const EventView& event);
  Result<void> rows(const EventView& event);
  Result<void> visit_rows(RowDecoder& decoder, const WalkedRows& walked);
  Result<void> query(const EventView& event);
  Result<void> tell(const EventView& event, const QueryEvent& query, const Statement& statement);
  void row_statement(const EventView& event, std::string_view sql);
  Result<void> load(const EventView& event);
  void begin();
  void end();
  Result<void> look_up_xid();
  Result<std::shared_ptr<const TableLayout>> bind(const TableMap& map);
  void note_definition(const QueryEvent& query);
  std::string_view in_utf8(const QueryEvent& query);

  WalkOptions options_;
  ChangeVisitor& visitor_;
  EventStream* events_ = nullptr;
  TableMaps maps_;
  MariadbDecompressor decompressor_;
  PartialRows partial_;
  PayloadReader payload_;
  PayloadReader payload_ahead_;
  bool in_payload_ = false;
  bool open_ = false;                     // a transaction's events are being read
  bool in_group_ = false;                 // it ends with a commit, not with its first statement
  bool shown_ = true;                     // by its GTID
  bool alter_pending_ = false;            // MariaDB: an ALTER that began, or came to nothing
  bool uses_definitions_ = false;         // some table at least
  const EventView* table_map_ = nullptr;  // that is being bound
  std::set<TableId> contradicted_;        // tables whose definition does not fit: warned of
  WalkedTransaction transaction_;
  Arena arena_;
  std::vector<Value> before_;
  std::vector<Value> after_;
  std::unordered_map<std::uint16_t, std::unique_ptr<CharsetConverter>> statement_charsets_;
  DecodeCounters repaired_;
  std::uint64_t row_statements_ = 0;
  std::uint64_t incidents_ = 0;
};

}  // namespace tailrace::capture
