// Gathers events into transactions: keeps the row events of mapped tables as they came, drops what
// was rolled back, holds what was prepared with XA until its outcome, and decides alone where a
// transaction ends.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/binlog/event.hpp"
#include "capture/binlog/format_description.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/partial_rows.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/logged_statement.hpp"
#include "capture/mapped_tables.hpp"
#include "capture/row_buffer.hpp"
#include "core/change.hpp"
#include "core/gtid_set.hpp"

namespace tailrace::capture {

// A transaction of the binlog that took effect.
struct AssembledTransaction {
  std::optional<Gtid> gtid;  // nullopt: anonymous
  std::int64_t commit_time_us = 0;
  std::vector<LoggedStatement> statements;  // that define, empty or remove tables, of any name
  std::unique_ptr<RowBuffer> rows;          // null: no rows of mapped tables
  std::shared_ptr<const FormatDescription> format;  // what the rows were written under
  // This was XA PREPARE: its rows are held, and `prepared_rows` says whether there are any.
  std::optional<XaId> prepared;
  bool prepared_rows = false;
  std::optional<XaId> ended;  // this was XA COMMIT, with the rows that were held, or XA ROLLBACK

  bool is_mapped() const { return rows != nullptr || !statements.empty(); }
};

class TransactionAssembler {
 public:
  TransactionAssembler(MappedTables tables, SpoolOptions spool)
      : tables_(std::move(tables)), spool_(std::move(spool)) {}

  // Takes the next event. A transaction comes out with the event that ends it, also one that left
  // nothing (rolled back, prepared, or nothing mapped): its GTID counts as read. Errors halt where
  // going on could lose rows: binlog.*, source.statement_format, source.xa, source.incident; retry
  // source.spool.
  Result<std::optional<AssembledTransaction>> feed(
      const EventView& event, const std::shared_ptr<const FormatDescription>& format);

  // Nothing is open: a position here is between transactions.
  bool at_boundary() const { return !open_; }
  // Forgets an open transaction and every table id: the stream begins again.
  void reset();
  // A transaction that was prepared before the stream begins and touches nothing mapped.
  void note_prepared_elsewhere(const XaId& id) { held_[id] = {}; }

 private:
  using Finished = Result<std::optional<AssembledTransaction>>;
  struct KnownTable {
    std::string body;  // of its TABLE_MAP
    bool mapped = false;
    std::uint64_t stored = 0;  // number of the transaction that has it in its rows
    std::uint64_t seen = 0;    // number of the transaction that named it
  };

  Result<void> begin_gtid(const EventView& event);
  Result<void> begin_mariadb_gtid(const EventView& event);
  void begin(std::optional<Gtid> gtid);
  Finished expand(const EventView& event);
  Finished piece(const EventView& event);
  Result<void> table_map(const EventView& event);
  Result<void> rows(const EventView& event);
  Finished handle(const EventView& event);
  Finished query(const EventView& event);
  Finished ddl(const QueryEvent& query, Statement statement);
  Finished payload(const EventView& event);
  Finished xa_prepare(const EventView& event);
  Finished xa_outcome(const EventView& event, const Statement& statement);
  Result<void> statement_context(const EventView& event) const;
  Result<void> refuse_row_statement(const EventView& event, const Statement& statement) const;
  Result<void> keep(const EventView& event);
  Finished finish();
  void discard_open();
  void note_time(const EventView& event);

  MappedTables tables_;
  SpoolOptions spool_;
  std::shared_ptr<const FormatDescription> format_;
  std::unordered_map<std::uint64_t, KnownTable> known_;
  PayloadReader payload_;
  MariadbDecompressor decompressor_;
  PartialRows pieces_;

  bool open_ = false;           // after GTID or BEGIN
  bool in_group_ = false;       // after BEGIN or XA START: ends with COMMIT, XID or XA PREPARE
  bool alter_pending_ = false;  // MariaDB: an ALTER that began, or came to nothing
  std::uint64_t number_ = 0;
  std::uint32_t skipped_ = 0;
  AssembledTransaction current_;

  struct Held {
    std::unique_ptr<RowBuffer> rows;
    std::shared_ptr<const FormatDescription> format;
  };
  std::map<XaId, Held> held_;
};

}  // namespace tailrace::capture
