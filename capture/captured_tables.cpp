#include "capture/captured_tables.hpp"

namespace tailrace::capture {
namespace {

Result<std::vector<bool>> wanted_columns(const TableSelection& selection,
                                         const TableSchema& schema) {
  if (selection.columns.empty()) return std::vector<bool>(schema.columns.size(), true);
  std::vector<bool> wanted(schema.columns.size(), false);
  for (const std::string& name : selection.columns) {
    const auto column = schema.find(name);
    if (!column) {
      return halt("source.no_column",
                  "table " + schema.id.text() + " has no column '" + name + "'");
    }
    wanted[*column] = true;
  }
  for (const std::uint32_t column : schema.primary_key) wanted[column] = true;
  return wanted;
}

}  // namespace

Result<CapturedTables> CapturedTables::build(std::span<const TableSelection> selections,
                                             std::span<const TableSchema> schemas) {
  CapturedTables built;
  for (std::size_t i = 0; i < selections.size(); ++i) {
    if (i >= schemas.size() || schemas[i].id.table != selections[i].table) {
      return halt("source.no_table", "no schema was given for table " + selections[i].table);
    }
    CapturedTable table;
    TAILRACE_ASSIGN(table.wanted, wanted_columns(selections[i], schemas[i]));
    table.schema = std::make_shared<const TableSchema>(schemas[i]);
    table.lookup = selections[i].lookup;
    table.newest_first = selections[i].newest_first;
    built.tables_.push_back(std::move(table));
  }
  return built;
}

MappedTables CapturedTables::names(bool ignore_case) const {
  std::vector<TableId> ids;
  for (const CapturedTable& table : tables_) ids.push_back(table.schema->id);
  return MappedTables(std::move(ids), ignore_case);
}

}  // namespace tailrace::capture
