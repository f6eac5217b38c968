#include "engine/table_events.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tailrace::engine {
namespace {

Failure paused(const TableEvent& event, std::string_view what, std::string_view cure) {
  return halt("source.schema_changed",
              fmt::format("'{}' {} of the mapped table {}; capture waits in front of it: {}",
                          event.statement, what, event.table.text(), cure));
}

Failure dropped(const TableEvent& event) {
  return halt("source.table_dropped",
              fmt::format("'{}' took away the mapped table {}; capture waits in front of it: set "
                          "source.mysql.on_schema_change.other: follow to take its rows out of the "
                          "documents and go on (the table must exist again before the next start)",
                          event.statement, event.table.text()));
}

constexpr std::string_view go_on =
    "set source.mysql.on_schema_change.other: follow to go on with the table as it is now, or "
    "build the documents anew (another pipeline name, another state.dir)";

Result<void> admit(const TableEvent& event, const SchemaPolicy& policy) {
  const bool follows = policy.other == SchemaPolicy::Other::follow;
  switch (event.kind) {
    case TableEventKind::truncate:
      return {};
    case TableEventKind::drop:
      if (follows) return {};
      return dropped(event);
    case TableEventKind::replaced:
      if (follows) return {};
      return paused(event, "put another table in the place", go_on);
    case TableEventKind::rows_moved:
      if (follows) return {};
      return paused(event, "moved or removed rows without logging them", go_on);
    case TableEventKind::definition_changed:
      break;
  }
  if (!event.changed.empty() && !follows) {
    return paused(
        event, fmt::format("changed the name, type or key of {}", fmt::join(event.changed, ", ")),
        go_on);
  }
  if (!event.dropped.empty() && policy.drop_column == SchemaPolicy::DropColumn::pause) {
    return paused(event, fmt::format("dropped {}", fmt::join(event.dropped, ", ")),
                  "set source.mysql.on_schema_change.drop_column: keep_field to go on; the field "
                  "stays, and is null in rows that change from then on");
  }
  if (!event.added.empty() && policy.add_column == SchemaPolicy::AddColumn::pause) {
    return paused(event, fmt::format("added {}", fmt::join(event.added, ", ")),
                  "set source.mysql.on_schema_change.add_column to follow (documents get the "
                  "field) or ignore");
  }
  return {};
}

}  // namespace

Result<bool> follow(const TableEvent& event, const SchemaPolicy& policy,
                    const FitToFile& fit_to_file, std::vector<TableSchema>& schemas) {
  TAILRACE_TRY(admit(event, policy));
  if (policy.add_column != SchemaPolicy::AddColumn::follow || !event.now) return false;
  const auto schema = std::find_if(schemas.begin(), schemas.end(), [&](const TableSchema& known) {
    return known.id.table == event.table.table;
  });
  if (schema == schemas.end()) return false;
  const TableSchema now = fit_to_file(*event.now);
  bool grown = false;
  for (const std::string& name : event.added) {
    const auto column = now.find(name);
    if (!column || schema->find(name)) continue;
    schema->columns.push_back(now.columns[*column]);
    grown = true;
  }
  return grown;
}

bool empties(const TableEvent& event) {
  return event.kind == TableEventKind::truncate || event.kind == TableEventKind::drop;
}

}  // namespace tailrace::engine
