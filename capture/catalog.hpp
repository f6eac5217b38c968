// Reads table schemas from a server's information_schema: columns with full types, keys, character
// sets. Generated and invisible columns are columns like others.
// Threading: one thread; opens its own connection per call.
#pragma once

#include <span>
#include <vector>

#include "capture/mysql_options.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// In the order of `tables`. Errors halt: source.no_table and source.no_column with the nearest
// existing name, source.not_boolean.
Result<std::vector<TableSchema>> read_table_schemas(const MysqlOptions& options,
                                                    std::span<const TableSelection> tables);

}  // namespace tailrace::capture
