// A statement of the binlog that defines, empties or removes tables, kept until the rows before it
// are decoded.
// Threading: plain values.
#pragma once

#include <string>

#include "capture/binlog/format_description.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/column_definition.hpp"
#include "capture/statement.hpp"

namespace tailrace::capture {

struct LoggedStatement {
  Statement what{};
  std::string sql{};                  // UTF-8
  std::string database{};             // the default one
  DefaultCharset database_charset{};  // its; empty where the event does not say
  SqlDialect dialect{};

  StatementText text() const { return {sql, database, dialect}; }
};

// `statement`: what statement_of() says about the query.
LoggedStatement log_statement(const QueryEvent& query, Statement statement,
                              const FormatDescription& format);
// The query's text in UTF-8, whatever the client wrote it in.
std::string statement_in_utf8(const QueryEvent& query);

}  // namespace tailrace::capture
