// What a statement of the binlog does, without a grammar of SQL: its verb and the tables it names.
// Comments are skipped, versioned ones (/*!50100 … */, /*M! … */) are read as what they hold.
// Threading: free functions on plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/binlog/format_description.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/sql_lexer.hpp"
#include "capture/xa_id.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

enum class StatementKind : std::uint8_t {
  begin,
  commit,
  rollback,
  savepoint,  // SAVEPOINT, ROLLBACK TO, RELEASE: the server logs only what remains
  xa_start,
  xa_end,
  xa_commit,  // the outcome of a transaction that was prepared earlier
  xa_rollback,
  row_change,  // INSERT, UPDATE, DELETE, REPLACE, LOAD in text form: no rows follow
  truncate,
  drop,
  drop_database,  // tables[0] has an empty table name
  create,         // CREATE TABLE
  alter,
  move_rows,  // ALTER TABLE that moves or removes rows without row events (partitions)
  rename,     // tables: old and new names
  other,      // nothing that touches rows or shapes of tables
};

struct Statement {
  StatementKind kind = StatementKind::other;
  std::vector<TableId> tables;
  std::optional<XaId> xa{};  // of XA START, END, COMMIT, ROLLBACK
  bool one_phase = false;    // XA COMMIT … ONE PHASE: nothing was prepared before
};

struct StatementText {
  std::string_view sql;
  std::string_view default_database;
  SqlDialect dialect;
};

Statement classify_statement(const StatementText& text);
// Of a QUERY event, under the SQL mode that it was written in.
Statement statement_of(const QueryEvent& query, const FormatDescription& format);
// "9.7.4" → 90704, "5.5.5-10.11.6-MariaDB" → 101106; 0: it says something else.
std::uint32_t server_version_number(const FormatDescription& format);
// How the text of a QUERY event is to be read.
SqlDialect dialect_of(const QueryEvent& query, const FormatDescription& format);

}  // namespace tailrace::capture
