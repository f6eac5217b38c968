// What SELECT statements of a captured table are made of: its columns, literals of its keys, and
// the rows that come back. Threading: free functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/captured_tables.hpp"
#include "capture/mysql/connection.hpp"
#include "capture/snapshot_rows.hpp"

namespace tailrace::capture {

// The columns that are read, as indexes of the schema.
std::vector<std::uint32_t> columns_read(const CapturedTable& table);

// SELECT … FROM …, the columns in this order as select_expression() gives them.
std::string select_of(const TableSchema& schema, std::span<const std::uint32_t> columns);

// How a column's value, in the text that the server prints, is compared exactly: false for FLOAT,
// ENUM and others, of which no literal is exact.
bool has_exact_literal(const ColumnType& type);
// `text`: of a row that select_of() read.
std::string literal_of(mysql::Connection& connection, const ColumnType& type,
                       std::string_view text);

// Adds a row of the result of select_of(). Error halt "source.value".
Result<void> add_selected(SnapshotRows& rows, const TableSchema& schema,
                          std::span<const std::uint32_t> columns,
                          std::span<const mysql::Field> fields);

}  // namespace tailrace::capture
