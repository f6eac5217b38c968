#include "capture/transaction_assembler.hpp"

#include <algorithm>

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/binlog/table_map.hpp"
#include "capture/binlog/wire_reader.hpp"
#include "capture/set_global.hpp"
#include "core/log.hpp"

namespace tailrace::capture {
namespace {

constexpr std::size_t most_known_tables = 16384;

std::string place(const EventView& event) { return " at offset " + std::to_string(event.offset); }

// Database and table of a TABLE_MAP; the columns are left alone, they may be of a foreign team's
// types that nobody here knows.
std::optional<TableId> table_of(std::string_view body, std::size_t id_bytes) {
  WireReader in(body);
  in.take(id_bytes + 2);
  const std::string_view database = in.terminated(in.u8());
  const std::string_view table = in.terminated(in.u8());
  if (!in.ok()) return std::nullopt;
  return TableId{std::string(database), std::string(table)};
}

}  // namespace

void TransactionAssembler::reset() {
  pieces_.reset();
  open_ = false;
  in_group_ = false;
  known_.clear();
  current_ = {};
}

void TransactionAssembler::discard_open() {
  if (open_ && current_.rows) {
    // A server that died left the beginning of a transaction; it never took effect.
    log_warn("source.incomplete_transaction_dropped",
             {{"gtid", current_.gtid ? gtid_text(*current_.gtid) : std::string()}});
  }
  pieces_.reset();
  open_ = false;
  in_group_ = false;
  current_ = {};
}

void TransactionAssembler::note_time(const EventView& event) {
  if (current_.commit_time_us == 0) {
    current_.commit_time_us = std::int64_t{event.header.timestamp_s} * 1'000'000;
  }
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::feed(
    const EventView& event, const std::shared_ptr<const FormatDescription>& format) {
  if (format_ != format) format_ = format;
  const EventType type = event.header.type;
  if (type == EventType::mariadb_partial_row_data) return piece(event);
  if (pieces_.is_interrupted_by(type)) {
    return corrupt_event(event, "it comes between the pieces of a row event");
  }
  if (is_mariadb_compressed(type)) return expand(event);
  if (is_rows_event(type) || type == EventType::partial_update_rows) {
    TAILRACE_TRY(rows(event));
    return std::nullopt;
  }
  if (type == EventType::format_description || type == EventType::stop) {
    discard_open();
    known_.clear();
    return std::nullopt;
  }
  switch (classify(type, event.header.flags)) {
    case EventAction::handle:
      return handle(event);
    case EventAction::skip:
      return std::nullopt;
    case EventAction::statement:
      TAILRACE_TRY(statement_context(event));
      return std::nullopt;
    case EventAction::stop:
      break;
  }
  if (type == EventType::incident) {
    return halt("source.incident",
                "the server lost events" + place(event) + "; start over with a new first load");
  }
  return unsupported_event(event, "going on could lose changes");
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::handle(const EventView& event) {
  const EventType type = event.header.type;
  if (type == EventType::query) return query(event);
  if (type == EventType::transaction_payload) return payload(event);
  if (type == EventType::xa_prepare) return xa_prepare(event);
  if (type == EventType::xid) {
    note_time(event);
    return finish();
  }
  if (type == EventType::table_map) {
    TAILRACE_TRY(table_map(event));
  } else if (type == EventType::gtid || type == EventType::anonymous_gtid ||
             type == EventType::gtid_tagged) {
    TAILRACE_TRY(begin_gtid(event));
  } else if (type == EventType::mariadb_gtid) {
    TAILRACE_TRY(begin_mariadb_gtid(event));
  }
  return std::nullopt;
}

void TransactionAssembler::begin(std::optional<Gtid> gtid) {
  discard_open();
  open_ = true;
  alter_pending_ = false;
  ++number_;
  skipped_ = 0;
  current_.gtid = gtid;
}

// It stands for BEGIN, except before a statement that is a transaction by itself.
Result<void> TransactionAssembler::begin_mariadb_gtid(const EventView& event) {
  TAILRACE_ASSIGN(const MariadbGtidEvent gtid, parse_mariadb_gtid(event));
  begin(MariadbGtid{gtid.domain, gtid.server_id, gtid.sequence});
  in_group_ = !gtid.standalone() && !gtid.xa_completed();
  alter_pending_ = gtid.starts_alter() || gtid.rolls_alter_back();
  return {};
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::piece(const EventView& event) {
  TAILRACE_ASSIGN(const auto whole, pieces_.add(event));
  if (!whole) return std::nullopt;
  return feed(*whole, format_);
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::expand(const EventView& event) {
  TAILRACE_ASSIGN(const EventView plain, decompressor_.expand(event, *format_));
  return feed(plain, format_);
}

Result<void> TransactionAssembler::begin_gtid(const EventView& event) {
  TAILRACE_ASSIGN(const GtidEvent gtid, parse_gtid(event));
  begin(gtid.anonymous ? std::nullopt : std::optional<Gtid>(gtid.gtid));
  current_.commit_time_us =
      gtid.original_commit_us != 0 ? gtid.original_commit_us : gtid.immediate_commit_us;
  return {};
}

Result<void> TransactionAssembler::table_map(const EventView& event) {
  TAILRACE_ASSIGN(const std::uint64_t id, parse_table_id(event, *format_));
  if (known_.size() > most_known_tables) {
    std::erase_if(known_, [this](const auto& entry) { return entry.second.seen != number_; });
  }
  KnownTable& known = known_[id];
  known.seen = number_;
  if (known.body == event.body) {
    if (!known.mapped || known.stored == number_) return {};
  } else {
    const auto table = table_of(event.body, format_->table_id_bytes(EventType::table_map));
    if (!table) return corrupt_event(event, "its names are cut off");
    known.body = event.body;
    known.mapped = tables_.find(table->database, table->table).has_value();
  }
  if (!known.mapped) return {};
  known.stored = number_;
  return keep(event);
}

Result<void> TransactionAssembler::rows(const EventView& event) {
  TAILRACE_ASSIGN(const std::uint64_t id, parse_table_id(event, *format_));
  constexpr std::uint64_t no_table = 0xffffff;  // ends a statement that names no table any more
  if (id == no_table) return {};
  const auto known = known_.find(id);
  if (known == known_.end() || known->second.seen != number_) {
    return corrupt_event(event, "no TABLE_MAP before it has its table id");
  }
  note_time(event);
  if (!known->second.mapped) {
    ++skipped_;
    return {};
  }
  return keep(event);
}

Result<void> TransactionAssembler::keep(const EventView& event) {
  if (!current_.rows) {
    current_.rows = std::make_unique<RowBuffer>(spool_);
    current_.format = format_;
  }
  TAILRACE_TRY(current_.rows->append({event, skipped_}));
  skipped_ = 0;
  return {};
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::finish() {
  if (current_.rows) TAILRACE_TRY(current_.rows->finish());
  std::optional<AssembledTransaction> done(std::move(current_));
  current_ = {};
  open_ = false;
  in_group_ = false;
  return done;
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::query(const EventView& event) {
  TAILRACE_ASSIGN(const QueryEvent query, parse_query(event));
  note_time(event);
  Statement statement = statement_of(query, *format_);
  switch (statement.kind) {
    case StatementKind::begin:
    case StatementKind::xa_start:
      if (!open_) ++number_;  // A server without GTID events.
      open_ = true;
      in_group_ = true;
      return std::nullopt;
    case StatementKind::savepoint:
    case StatementKind::xa_end:
      return std::nullopt;
    case StatementKind::commit:
      return finish();
    case StatementKind::rollback:
      current_.rows.reset();
      current_.statements.clear();
      return finish();
    case StatementKind::row_change:
      TAILRACE_TRY(refuse_row_statement(event, statement));
      break;
    case StatementKind::truncate:
    case StatementKind::drop:
    case StatementKind::drop_database:
    case StatementKind::create:
    case StatementKind::alter:
    case StatementKind::move_rows:
    case StatementKind::rename:
      return ddl(query, std::move(statement));
    case StatementKind::xa_commit:
    case StatementKind::xa_rollback:
      return xa_outcome(event, statement);
    case StatementKind::other:
      break;
  }
  if (in_group_) return std::nullopt;
  return finish();
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::ddl(const QueryEvent& query,
                                                                      Statement statement) {
  // The two halves of a MariaDB ALTER carry the same text: only the one that commits counts.
  if (!alter_pending_) {
    current_.statements.push_back(log_statement(query, std::move(statement), *format_));
  }
  if (in_group_) return std::nullopt;
  return finish();
}

Result<void> TransactionAssembler::refuse_row_statement(const EventView& event,
                                                        const Statement& statement) const {
  for (const TableId& table : statement.tables) {
    if (!tables_.find(table.database, table.table)) continue;
    return halt("source.statement_format",
                "a statement changed " + table.text() + " and its rows were not logged" +
                    place(event) + " (binlog_format was not ROW in that session); run: " +
                    set_global(*format_, "binlog_format = 'ROW'") +
                    ", then start over with a new first load");
  }
  return {};
}

// LOAD DATA in text form carries its statement in events of its own.
Result<void> TransactionAssembler::statement_context(const EventView& event) const {
  if (event.header.type != EventType::execute_load_query && event.header.type != EventType::load &&
      event.header.type != EventType::new_load) {
    return {};
  }
  for (const TableId& table : tables_.tables()) {
    if (event.body.find(table.table) == std::string_view::npos) continue;
    return refuse_row_statement(event, {StatementKind::row_change, {table}});
  }
  return {};
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::payload(const EventView& event) {
  TAILRACE_TRY(payload_.open(event));
  std::optional<AssembledTransaction> finished;
  const std::shared_ptr<const FormatDescription> format = format_;
  while (true) {
    TAILRACE_ASSIGN(const auto inner, payload_.next());
    if (!inner) return finished;
    if (inner->header.type == EventType::transaction_payload) {
      return corrupt_event(event, "it holds another payload");
    }
    TAILRACE_ASSIGN(auto done, feed(*inner, format));
    if (done) finished = std::move(done);
  }
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::xa_prepare(
    const EventView& event) {
  TAILRACE_ASSIGN(const XaPrepareEvent prepare, parse_xa_prepare(event));
  if (prepare.one_phase) return finish();
  const XaId id{prepare.format_id, std::string(prepare.global_part),
                std::string(prepare.branch_part)};
  current_.prepared = id;
  current_.prepared_rows = current_.rows != nullptr;
  held_[id] = {std::move(current_.rows), std::move(current_.format)};
  return finish();
}

Result<std::optional<AssembledTransaction>> TransactionAssembler::xa_outcome(
    const EventView& event, const Statement& statement) {
  if (statement.one_phase || !statement.xa) return finish();
  const auto held = held_.find(*statement.xa);
  const bool commits = statement.kind == StatementKind::xa_commit;
  if (held == held_.end() && commits) {
    return halt("source.xa",
                "an XA transaction was committed" + place(event) +
                    " whose rows were logged before capture began; start over with a new first "
                    "load while no XA transaction is prepared (XA RECOVER lists them)");
  }
  if (held != held_.end()) {
    if (commits) {
      current_.rows = std::move(held->second.rows);
      current_.format = std::move(held->second.format);
    }
    held_.erase(held);
  }
  current_.ended = *statement.xa;
  return finish();
}

}  // namespace tailrace::capture
