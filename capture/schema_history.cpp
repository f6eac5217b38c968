#include "capture/schema_history.hpp"

#include <algorithm>

namespace tailrace::capture {
namespace {

constexpr std::size_t statement_bytes = 4096;

bool in_key(const TableSchema& schema, std::size_t column) {
  return std::find(schema.primary_key.begin(), schema.primary_key.end(), column) !=
         schema.primary_key.end();
}

// Whether rows show the same values under both types.
bool shows_alike(const ColumnType& a, const ColumnType& b) {
  return a.kind == b.kind && a.is_unsigned == b.is_unsigned && a.scale == b.scale &&
         a.fraction_digits == b.fraction_digits;
}

void note_differences(const TableSchema& before, const TableSchema& now, TableEvent& event) {
  for (std::size_t i = 0; i < before.columns.size(); ++i) {
    const Column& column = before.columns[i];
    const auto at = now.find(column.name);
    if (!at) {
      event.dropped.push_back(column.name);
    } else if (!shows_alike(column.type, now.columns[*at].type) ||
               in_key(before, i) != in_key(now, *at)) {
      event.changed.push_back(column.name);
    }
  }
  for (const Column& column : now.columns) {
    if (!before.find(column.name)) event.added.push_back(column.name);
  }
  // Both at once may be a column with a new name.
  if (event.added.empty()) return;
  event.changed.insert(event.changed.end(), event.dropped.begin(), event.dropped.end());
  event.dropped.clear();
}

// What online schema changes call the table that will take another's place: gh-ost, pt-osc.
bool is_shadow_of(const std::string& shadow, const std::string& table) {
  return shadow == "_" + table + "_gho" || shadow == "_" + table + "_new" ||
         shadow == "__" + table + "_new";
}

// The table that a RENAME or ALTER … RENAME makes into `table`; empty: none.
std::string renamed_to(const Statement& statement, const MappedTables& mapped,
                       const TableId& table) {
  const auto wanted = mapped.find(table.database, table.table);
  for (std::size_t i = 1; i < statement.tables.size(); i += 2) {
    const TableId& to = statement.tables[i];
    if (mapped.find(to.database, to.table) == wanted) return statement.tables[i - 1].table;
  }
  return {};
}

}  // namespace

Result<void> SchemaHistory::restore(std::shared_ptr<const std::string> saved) {
  saved_ = std::move(saved);
  ++generation_;
  begun_ = saved_ != nullptr;
  changed_ = false;
  if (!begun_) return {};
  TAILRACE_ASSIGN(catalog_, SchemaCatalog::decode(*saved_));
  return {};
}

void SchemaHistory::begin(SchemaCatalog catalog) {
  catalog_ = std::move(catalog);
  ++generation_;
  begun_ = changed_ = true;
}

void SchemaHistory::put(TableDefinition definition) {
  catalog_.put(std::move(definition));
  ++generation_;
  changed_ = true;
}

std::shared_ptr<const std::string> SchemaHistory::saved() {
  if (begun_ && changed_) saved_ = std::make_shared<const std::string>(catalog_.encode());
  changed_ = false;
  return saved_;
}

std::vector<TableEvent> SchemaHistory::apply(const LoggedStatement& statement) {
  std::vector<std::optional<TableDefinition>> before;
  for (const TableId& table : mapped_.tables()) {
    const TableDefinition* const known = catalog_.find(table);
    before.push_back(known != nullptr ? std::optional(*known) : std::nullopt);
  }
  if (!statement.database_charset.charset.empty()) {
    catalog_.set_database_charset(statement.database, statement.database_charset);
  }
  if (catalog_.apply(statement.text())) {
    changed_ = true;
    ++generation_;
  }
  std::vector<TableEvent> events;
  for (std::size_t i = 0; i < mapped_.tables().size(); ++i) {
    auto event = event_for(mapped_.tables()[i], statement, before[i]);
    if (event) events.push_back(std::move(*event));
  }
  return events;
}

std::optional<TableEvent> SchemaHistory::event_for(
    const TableId& table, const LoggedStatement& statement,
    const std::optional<TableDefinition>& before) const {
  const auto wanted = mapped_.find(table.database, table.table);
  const auto is_it = [&](const TableId& named) {
    const std::string& name = named.table.empty() ? table.table : named.table;
    return mapped_.find(named.database, name) == wanted;
  };
  const Statement& what = statement.what;
  if (std::none_of(what.tables.begin(), what.tables.end(), is_it)) return std::nullopt;
  TableEvent event{TableEventKind::definition_changed, table,
                   statement.sql.substr(0, statement_bytes)};
  const TableDefinition* const now = catalog_.find(table);
  if (now != nullptr) event.now = std::make_shared<const TableSchema>(now->schema);
  if (before && now != nullptr) note_differences(before->schema, now->schema, event);
  switch (what.kind) {
    case StatementKind::truncate:
      event.kind = TableEventKind::truncate;
      break;
    case StatementKind::drop:
    case StatementKind::drop_database:
      event.kind = TableEventKind::drop;
      break;
    case StatementKind::move_rows:
      event.kind = TableEventKind::rows_moved;
      break;
    case StatementKind::rename:
    case StatementKind::alter: {
      const std::string from = renamed_to(what, mapped_, table);
      const bool renamed = what.kind == StatementKind::rename || what.tables.size() > 1;
      if (!renamed) break;
      if (from.empty()) {
        event.kind = TableEventKind::drop;
      } else if (!is_shadow_of(from, table.table)) {
        event.kind = TableEventKind::replaced;
      }
      break;
    }
    case StatementKind::create:
      // CREATE TABLE IF NOT EXISTS on what exists; what does not exist has no rows to show.
      break;
    case StatementKind::begin:
    case StatementKind::commit:
    case StatementKind::rollback:
    case StatementKind::savepoint:
    case StatementKind::xa_start:
    case StatementKind::xa_end:
    case StatementKind::xa_commit:
    case StatementKind::xa_rollback:
    case StatementKind::row_change:
    case StatementKind::other:
      return std::nullopt;
  }
  return event;
}

}  // namespace tailrace::capture
