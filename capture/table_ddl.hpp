// What CREATE TABLE makes and ALTER TABLE turns a table into. Reads what people and tools commonly
// write; for everything else it says that it does not know, and never guesses.
// Threading: free functions.
#pragma once

#include <optional>

#include "capture/column_definition.hpp"
#include "capture/sql_cursor.hpp"
#include "capture/table_definition.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// From the bracket behind `CREATE TABLE name` on. nullopt: not known here, also where columns come
// from a SELECT.
std::optional<TableDefinition> read_create_table(SqlCursor& in, TableId id,
                                                 const DefaultCharset& database, bool mariadb);

// From behind `ALTER TABLE name` on: `table` changed, with its new name where it gets one.
// nullopt: not known here.
std::optional<TableDefinition> read_alter_table(SqlCursor& in, TableDefinition table,
                                                std::string_view default_database, bool mariadb);

}  // namespace tailrace::capture
