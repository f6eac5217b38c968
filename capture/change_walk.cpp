#include "capture/change_walk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/rows_event.hpp"
#include "capture/commit_lookup.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint64_t no_table = 0xffffff;  // rows that only end their statement

}  // namespace

ChangeWalk::ChangeWalk(WalkOptions options, ChangeVisitor& visitor)
    : options_(std::move(options)),
      visitor_(visitor),
      maps_([this](const TableMap& map) { return bind(map); }) {}

// Where no value is read only the sizes of columns count.
Result<std::shared_ptr<const TableLayout>> ChangeWalk::bind(const TableMap& map) {
  if (options_.decode_values && options_.selection.has_table(map.id.database, map.id.table)) {
    KnownSchemas::Shape shape = options_.schemas.shape_of(map);
    uses_definitions_ = uses_definitions_ || !map.has_names || events_->format().mariadb;
    if (!shape.difference.empty() && contradicted_.insert(map.id).second) {
      options_.warn(fmt::format("{}: {}: {}; its columns are shown as c1…c{}", events_->place(),
                                event_place(*table_map_), shape.difference, map.columns.size()));
    }
    return TableLayout::compile(map, std::move(shape.schema));
  }
  return TableLayout::compile(map, std::make_shared<const TableSchema>(make_schema(map)),
                              std::vector<bool>(map.columns.size(), false));
}

Result<void> ChangeWalk::read(BinlogFile& file, Range range) {
  RangedFile events(file, range);
  return read(events);
}

Result<void> ChangeWalk::read(EventStream& events) {
  events_ = &events;
  end();
  maps_.end_statement();
  Result<void> taken;
  while (taken) {
    const auto event = events.next();
    if (!event) return Failure(event.error());
    if (!*event) break;
    taken = apply(**event);
    if (!taken) taken.error().message = events.place() + ": " + taken.error().message;
    if (taken && !open_) taken = visitor_.at_rest();
  }
  events_ = nullptr;
  return taken;
}

void ChangeWalk::begin() {
  open_ = true;
  ++transaction_.sequence;
  transaction_.gtid.clear();
  transaction_.xid.reset();
  transaction_.commit_time_us = 0;
  transaction_.rows = 0;
  alter_pending_ = false;
  shown_ = options_.selection.has_transactions_without_gtid();
}

void ChangeWalk::end() {
  open_ = in_group_ = false;
  partial_.reset();
}

Result<void> ChangeWalk::piece(const EventView& event) {
  TAILRACE_ASSIGN(const auto whole, partial_.add(event));
  return whole ? apply(*whole) : Result<void>();
}

Result<void> ChangeWalk::apply(const EventView& event) {
  const EventType type = event.header.type;
  if (type == EventType::mariadb_partial_row_data) return piece(event);
  if (partial_.is_interrupted_by(type)) {
    return corrupt_event(event, "it comes between the pieces of a row event");
  }
  if (is_rows_event(type) || type == EventType::partial_update_rows) return rows(event);
  if (is_mariadb_compressed(type)) {
    TAILRACE_ASSIGN(const EventView expanded, decompressor_.expand(event, events_->format()));
    return apply(expanded);
  }
  switch (type) {
    case EventType::table_map:
      table_map_ = &event;
      TAILRACE_TRY(maps_.add(event, events_->format()));
      return {};
    case EventType::query:
      return query(event);
    case EventType::xid:
      end();
      return {};
    case EventType::xa_prepare:
      TAILRACE_TRY(parse_xa_prepare(event));
      return end(), Result<void>();
    case EventType::gtid:
    case EventType::anonymous_gtid:
    case EventType::gtid_tagged:
      return begin_gtid(event);
    case EventType::mariadb_gtid:
      return begin_mariadb_gtid(event);
    case EventType::transaction_payload:
      return payload(event);
    case EventType::format_description:
    case EventType::stop:
      end();
      return {};
    case EventType::incident: {
      TAILRACE_ASSIGN(const IncidentEvent incident, parse_incident(event));
      ++incidents_;
      options_.warn(fmt::format("{}: {}: the server lost events here: {}", events_->place(),
                                event_place(event), incident.message));
      return {};
    }
    case EventType::execute_load_query:
    case EventType::load:
    case EventType::new_load:
      return load(event);
    case EventType::mariadb_start_encryption:
      // A server marks it so: what it sends is decrypted.
      if ((event.header.flags & event_flag::ignorable) != 0) return {};
      return unsupported_event(event,
                               "what follows is encrypted; read it from the server, which "
                               "decrypts what it sends");
    default:
      break;
  }
  if (classify(type, event.header.flags) != EventAction::stop) return {};
  return unsupported_event(event,
                           "this version cannot read events of this type, and what they "
                           "hold would be missing");
}

Result<void> ChangeWalk::payload(const EventView& event) {
  if (in_payload_) return corrupt_event(event, "it lies inside another payload");
  if (options_.look_up_xid && shown_) {
    TAILRACE_ASSIGN(transaction_.xid, xid_in_payload(payload_ahead_, event));
  }
  TAILRACE_TRY(payload_.open(event));
  in_payload_ = true;
  Result<void> taken;
  while (taken) {
    const auto inner = payload_.next();
    if (!inner) {
      taken = Failure(inner.error());
    } else if (!*inner) {
      break;
    } else {
      taken = apply(**inner);
    }
  }
  in_payload_ = false;
  return taken;
}

Result<void> ChangeWalk::begin_gtid(const EventView& event) {
  TAILRACE_ASSIGN(const GtidEvent gtid, parse_gtid(event));
  end();
  begin();
  transaction_.commit_time_us =
      gtid.original_commit_us != 0 ? gtid.original_commit_us : gtid.immediate_commit_us;
  if (gtid.anonymous) return {};
  transaction_.gtid = gtid.gtid.text();
  shown_ = options_.selection.has_transaction(gtid.gtid);
  return {};
}

Result<void> ChangeWalk::begin_mariadb_gtid(const EventView& event) {
  TAILRACE_ASSIGN(const MariadbGtidEvent gtid, parse_mariadb_gtid(event));
  end();
  begin();
  transaction_.gtid = fmt::format("{}-{}-{}", gtid.domain, gtid.server_id, gtid.sequence);
  shown_ = options_.selection.has_transaction(transaction_.gtid);
  alter_pending_ = gtid.starts_alter() || gtid.rolls_alter_back();
  if (gtid.standalone()) return {};
  in_group_ = true;
  return look_up_xid();
}

// The two halves of a MariaDB ALTER carry the same text: only the one that commits counts.
void ChangeWalk::note_definition(const QueryEvent& query) {
  if (!options_.decode_values || alter_pending_) return;
  const StatementText text{in_utf8(query), query.database, dialect_of(query, events_->format())};
  if (options_.schemas.apply(text) && uses_definitions_) maps_.forget_layouts();
}

// Behind the event that begins a group. The event itself is not valid any more then.
Result<void> ChangeWalk::look_up_xid() {
  if (!options_.look_up_xid || !shown_ || in_payload_) return {};
  TAILRACE_ASSIGN(transaction_.xid, xid_of_group(*events_));
  return {};
}

Result<void> ChangeWalk::rows(const EventView& event) {
  TAILRACE_ASSIGN(const RowsEvent rows, parse_rows(event, events_->format()));
  const TableMaps::Entry* const entry = maps_.find(rows.table_id);
  if (entry == nullptr) {
    if (rows.table_id == no_table) return {};
    return corrupt_event(event,
                         "no TABLE_MAP before it has its table id; a start position must be "
                         "where a transaction begins");
  }
  if (!open_) begin();  // without GTID and BEGIN: the first after a start position
  if (shown_) {
    RowDecoder decoder(*entry->layout, rows, arena_);
    TAILRACE_TRY(
        visit_rows(decoder, {event, transaction_, entry->layout, rows.op, events_->file()}));
    repaired_.invalid_texts += decoder.counters().invalid_texts;
    repaired_.unknown_documents += decoder.counters().unknown_documents;
  }
  if (rows.ends_statement()) maps_.end_statement();
  return {};
}

Result<void> ChangeWalk::visit_rows(RowDecoder& decoder, const WalkedRows& walked) {
  const TableId& id = walked.layout->schema().id;
  const bool told = options_.selection.has_table(id.database, id.table);
  const std::size_t columns =
      walked.layout->wants_nothing() ? 0 : walked.layout->schema().columns.size();
  if (before_.size() < columns) {
    before_.resize(columns);
    after_.resize(columns);
  }
  const std::span<Value> before(before_.data(), walked.op == RowOp::insert ? 0 : columns);
  const std::span<Value> after(after_.data(), walked.op == RowOp::remove ? 0 : columns);
  if (told) TAILRACE_TRY(visitor_.begin_rows(walked));
  while (true) {
    arena_.reset();
    TAILRACE_ASSIGN(const bool more, decoder.next(before, after));
    if (!more) return {};
    const std::uint64_t index = transaction_.rows++;
    if (told) TAILRACE_TRY(visitor_.row(index, before, after));
  }
}

Result<void> ChangeWalk::query(const EventView& event) {
  TAILRACE_ASSIGN(const QueryEvent query, parse_query(event));
  const Statement statement = statement_of(query, events_->format());
  switch (statement.kind) {
    case StatementKind::begin:
    case StatementKind::xa_start:
      if (!open_ || in_group_) begin();
      in_group_ = true;
      return look_up_xid();
    case StatementKind::savepoint:
    case StatementKind::xa_end:
      return {};
    case StatementKind::commit:
    case StatementKind::rollback:
    case StatementKind::xa_commit:
    case StatementKind::xa_rollback:
      end();
      return {};
    case StatementKind::row_change:
    case StatementKind::truncate:
    case StatementKind::move_rows:
      break;
    case StatementKind::drop:
    case StatementKind::drop_database:
    case StatementKind::create:
    case StatementKind::alter:
    case StatementKind::rename:
    case StatementKind::other:
      note_definition(query);
      break;
  }
  if (!open_) begin();
  TAILRACE_TRY(tell(event, query, statement));
  if (!in_group_) end();
  return {};
}

Result<void> ChangeWalk::tell(const EventView& event, const QueryEvent& query,
                              const Statement& statement) {
  // MariaDB writes these in place of events that a reader does not know.
  if (!shown_ || query.sql.starts_with('#')) return {};
  TableId named{std::string(query.database), ""};
  bool asked_for = statement.tables.empty() && options_.selection.has_database(query.database);
  for (const TableId& table : statement.tables) {
    asked_for = table.table.empty() ? options_.selection.has_database(table.database)
                                    : options_.selection.has_table(table.database, table.table);
    if (!asked_for) continue;
    named = table;
    break;
  }
  if (!asked_for) return {};
  const std::string_view sql = in_utf8(query);
  if (statement.kind == StatementKind::row_change) return row_statement(event, sql), Result<void>();
  return visitor_.statement({event, transaction_, statement.kind == StatementKind::truncate,
                             std::move(named), sql, events_->file()});
}

void ChangeWalk::row_statement(const EventView& event, std::string_view sql) {
  constexpr std::size_t shown_bytes = 200;
  if (row_statements_++ != 0) return;
  options_.warn(
      fmt::format("{}: {}: a statement changed rows that were not logged, because "
                  "binlog_format was not ROW in its session: {}",
                  events_->place(), event_place(event), sql.substr(0, shown_bytes)));
}

// LOAD DATA in text form: the statement stands behind a head of its own.
Result<void> ChangeWalk::load(const EventView& event) {
  if (!open_) begin();
  if (shown_) row_statement(event, "LOAD DATA");
  if (!in_group_) end();
  return {};
}

// Statements are in the character set of the client that sent them.
std::string_view ChangeWalk::in_utf8(const QueryEvent& query) {
  arena_.reset();
  bool repaired = false;
  auto [known, is_new] = statement_charsets_.try_emplace(query.client_collation);
  if (is_new) {
    known->second = CharsetConverter::create(charset_of_collation(query.client_collation));
  }
  return known->second ? known->second->to_utf8(query.sql, arena_, repaired)
                       : valid_utf8(query.sql, arena_, repaired);
}

}  // namespace tailrace::capture
