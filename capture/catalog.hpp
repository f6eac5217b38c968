// Reads table schemas from a server's information_schema: columns with full types, keys, character
// sets. Generated and invisible columns are columns like others.
// Threading: one thread.
#pragma once

#include <span>
#include <vector>

#include "capture/mysql/connection.hpp"
#include "capture/mysql_options.hpp"
#include "capture/schema_catalog.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// In the order of `tables`, on a connection of its own. Errors halt: source.no_table and
// source.no_column with the nearest existing name, source.not_boolean.
Result<std::vector<TableSchema>> read_table_schemas(const MysqlOptions& options,
                                                    std::span<const TableSelection> tables);

// The same tables with all their columns, as the server defines them now; one that is not there is
// not in the catalog.
Result<SchemaCatalog> read_catalog(mysql::Connection& connection, const std::string& database,
                                   std::span<const TableSelection> tables);

// Sets how the selected columns are shown. Errors halt: source.no_column, source.not_boolean.
Result<void> apply_selection(const TableSelection& selection, TableSchema& schema);

// Every table of options.database; without one, of every database but the server's own.
Result<SchemaCatalog> read_catalog(const MysqlOptions& options);

}  // namespace tailrace::capture
