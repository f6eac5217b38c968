// Refuses a server whose binlog would not tell everything, before anything is read from it.
// Threading: one thread.
#pragma once

#include <span>

#include "capture/mysql/connection.hpp"
#include "capture/mysql_options.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// All problems in one error, halt source.preflight: each with the SQL (or the lines of the pipeline
// file) that cures it. `schemas` in the order of `tables`.
Result<void> check_server(mysql::Connection& connection, const MysqlOptions& options,
                          std::span<const TableSelection> tables,
                          std::span<const TableSchema> schemas);

}  // namespace tailrace::capture
