#include "capture/file_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/catalog.hpp"
#include "capture/logged_statement.hpp"
#include "core/log.hpp"

namespace tailrace::capture {
namespace {

constexpr std::string_view files_uuid = "binlog-files";  // in place of a server's
constexpr int events_between_looks_at_the_clock = 1024;

Failure not_named(const std::string& why) {
  return halt(
      "source.metadata_missing",
      why + "; give its definition with --schema FILE.sql, as it was where the files begin");
}

// Looks for the first TABLE_MAP of each table, with what the statements before it define.
class FirstShapes {
 public:
  FirstShapes(const std::vector<std::string>& files, const KnownSchemas& known)
      : events_(files), known_(known) {}

  using Found = std::map<std::string, TableSchema>;  // by name
  Result<Found> find(const MappedTables& names) {
    Found found;
    while (found.size() < names.tables().size()) {
      TAILRACE_ASSIGN(const auto event, events_.next());
      if (!event) break;
      if (event->header.type == EventType::table_map) {
        TAILRACE_TRY(take(*event, names, found));
      } else {
        TAILRACE_TRY(follow(*event));
      }
    }
    return found;
  }
  const KnownSchemas& known() const { return known_; }

 private:
  Result<void> take(const EventView& event, const MappedTables& names, Found& found) const {
    TAILRACE_ASSIGN(const TableMap map, parse_table_map(event, *events_.format()));
    const auto table = names.find(map.id.database, map.id.table);
    if (!table || found.contains(names.tables()[*table].table)) return {};
    const KnownSchemas::Shape shape = known_.shape_of(map);
    if (!shape.known) {
      const std::string why =
          shape.difference.empty()
              ? fmt::format(
                    "the binlog does not name the columns of {} (binlog_row_metadata was "
                    "not FULL)",
                    map.id.text())
              : shape.difference;
      return not_named(fmt::format("{}: {}: {}", events_.file(), event_place(event), why));
    }
    TableSchema schema = *shape.schema;
    schema.id = names.tables()[*table];
    found[schema.id.table] = std::move(schema);
    return {};
  }

  Result<void> follow(const EventView& event) {
    if (event.header.type == EventType::mariadb_gtid) {
      TAILRACE_ASSIGN(const MariadbGtidEvent gtid, parse_mariadb_gtid(event));
      alter_pending_ = gtid.starts_alter() || gtid.rolls_alter_back();
      return {};
    }
    const bool compressed = event.header.type == EventType::mariadb_query_compressed;
    if (!compressed && event.header.type != EventType::query) return {};
    EventView plain = event;
    if (compressed) {
      TAILRACE_ASSIGN(plain, decompressor_.expand(event, *events_.format()));
    }
    TAILRACE_ASSIGN(const QueryEvent query, parse_query(plain));
    if (query.sql == "BEGIN" || query.sql == "COMMIT" || alter_pending_) return {};
    const std::string sql = statement_in_utf8(query);
    known_.apply({sql, query.database, dialect_of(query, *events_.format())});
    return {};
  }

  FileEvents events_;
  KnownSchemas known_;
  MariadbDecompressor decompressor_;
  bool alter_pending_ = false;
};

MappedTables tables_of(const std::string& database, std::span<const TableSelection> tables) {
  std::vector<TableId> ids;
  for (const TableSelection& table : tables) ids.push_back({database, table.table});
  return MappedTables(std::move(ids), /*ignore_case=*/false);
}

}  // namespace

Result<std::vector<TableSchema>> read_file_schemas(const std::vector<std::string>& files,
                                                   const std::string& database,
                                                   std::span<const TableSelection> tables,
                                                   const KnownSchemas& known) {
  const MappedTables names = tables_of(database, tables);
  FirstShapes shapes(files, known);
  TAILRACE_ASSIGN(const auto found, shapes.find(names));
  std::vector<TableSchema> schemas;
  for (const TableSelection& table : tables) {
    const auto at = found.find(table.table);
    const TableDefinition* const given = shapes.known().find({database, table.table});
    if (at == found.end() && given == nullptr) {
      return halt("source.no_table",
                  fmt::format("no row of {}.{} was changed in the files, so they do not say what "
                              "it looks like; give its definition with --schema FILE.sql",
                              database, table.table));
    }
    TableSchema schema = at != found.end() ? at->second : given->schema;
    schema.id = {database, table.table};
    TAILRACE_TRY(apply_selection(table, schema));
    schemas.push_back(std::move(schema));
  }
  return schemas;
}

Result<std::unique_ptr<FileSource>> FileSource::create(FileSourceOptions options) {
  TAILRACE_ASSIGN(CapturedTables tables, CapturedTables::build(options.tables, options.schemas));
  return std::unique_ptr<FileSource>(new FileSource(std::move(options), std::move(tables)));
}

FileSource::FileSource(FileSourceOptions options, CapturedTables tables)
    : options_(std::move(options)),
      tables_(std::move(tables)),
      names_(tables_.names(/*ignore_case=*/false)),
      history_(names_),
      decoding_(tables_, history_, [](const TableId& id) -> Result<std::optional<TableDefinition>> {
        return not_named("the columns of " + id.text() + " are not known here");
      }) {}

Result<void> FileSource::start(const SourcePosition& from) {
  if (!from.server_uuid.empty() && from.server_uuid != files_uuid) {
    return halt("source.diverged",
                "state.dir was filled from a server; give the files a pipeline of their own: "
                "--set state.dir=DIR");
  }
  position_ = from;
  position_.server_uuid = files_uuid;
  done_before_ = from.gtid_set.mysql() != nullptr ? *from.gtid_set.mysql() : MysqlGtidSet();
  rows_told_ = !from.gtid_set.empty();
  history_.begin(options_.known.catalog_of(names_.tables()));
  events_ = std::make_unique<FileEvents>(options_.files);
  assembler_ = std::make_unique<TransactionAssembler>(names_, options_.spool);
  file_.clear();
  skipped_ = 0;
  at_end_ = false;
  return {};
}

Transaction FileSource::behind() {
  Transaction transaction;
  transaction.transactions_skipped = skipped_;
  skipped_ = 0;
  transaction.position = position_;
  return transaction;
}

Transaction FileSource::position_only() {
  Transaction transaction = behind();
  transaction.kind = TransactionKind::position_only;
  return transaction;
}

Result<std::optional<Transaction>> FileSource::next(Deadline deadline) {
  if (!events_) return halt("source.not_started", "next() before start()");
  if (position_.snapshot != SnapshotPhase::done) {  // nothing is loaded: what is there is whole
    position_.snapshot = SnapshotPhase::done;
    Transaction loaded = behind();
    loaded.kind = TransactionKind::snapshot_end;
    return loaded;
  }
  for (int read_events = 0; !stopped_ && !at_end_; ++read_events) {
    const bool look = read_events % events_between_looks_at_the_clock == 0;
    if (look && read_events != 0 && std::chrono::steady_clock::now() >= deadline) {
      return std::nullopt;
    }
    TAILRACE_ASSIGN(const auto event, events_->next());
    if (!event) {
      if (!assembler_->at_boundary()) {
        log_warn("source.incomplete_transaction_dropped", {{"file", events_->file()}});
      }
      at_end_ = true;
      return position_only();
    }
    auto told = read(*event);
    if (!told) {
      told.error().message = events_->file() + ": " + told.error().message;
      return told;
    }
    if (*told) return told;
  }
  return std::nullopt;
}

Result<std::optional<Transaction>> FileSource::read(const EventView& event) {
  if (file_ != events_->file_uuid()) {
    file_ = events_->file_uuid();
    TAILRACE_ASSIGN(count_.source.uuid, parse_uuid(file_));
    count_.number = 0;
  }
  TAILRACE_ASSIGN(auto done, assembler_->feed(event, events_->format()));
  if (!done) return std::nullopt;
  ++count_.number;
  std::vector<TableEvent> table_events;
  for (const LoggedStatement& statement : done->statements) {
    auto events = history_.apply(statement);
    std::move(events.begin(), events.end(), std::back_inserter(table_events));
  }
  if (done_before_.contains(count_)) return std::nullopt;
  position_.gtid_set.add(count_);
  position_.binlog = events_->position();
  return deliver(std::move(*done), std::move(table_events));
}

std::optional<Transaction> FileSource::deliver(AssembledTransaction done,
                                               std::vector<TableEvent> table_events) {
  // Files often begin with making the tables: there is nothing yet that DROP could take away.
  if (!rows_told_) table_events.clear();
  if (!done.rows && table_events.empty()) {
    ++skipped_;
    return std::nullopt;
  }
  rows_told_ = rows_told_ || done.rows;
  Transaction transaction = behind();
  transaction.kind = TransactionKind::rows;
  if (done.gtid) transaction.gtid = gtid_text(*done.gtid);
  transaction.commit_time_us = done.commit_time_us;
  transaction.table_events = std::move(table_events);
  if (done.rows) {
    transaction.rows =
        std::make_unique<BufferedRows>(decoding_, std::move(done.rows), std::move(done.format));
  }
  return transaction;
}

}  // namespace tailrace::capture
