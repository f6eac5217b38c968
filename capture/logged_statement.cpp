#include "capture/logged_statement.hpp"

#include "capture/binlog/charset.hpp"

namespace tailrace::capture {

std::string statement_in_utf8(const QueryEvent& query) {
  Arena arena;
  bool repaired = false;
  const auto converter = CharsetConverter::create(charset_of_collation(query.client_collation));
  return std::string(converter ? converter->to_utf8(query.sql, arena, repaired)
                               : valid_utf8(query.sql, arena, repaired));
}

LoggedStatement log_statement(const QueryEvent& query, Statement statement,
                              const FormatDescription& format) {
  LoggedStatement logged;
  logged.what = std::move(statement);
  logged.sql = statement_in_utf8(query);
  logged.database = query.database;
  logged.database_charset.charset = charset_of_collation(query.database_collation);
  logged.dialect = dialect_of(query, format);
  return logged;
}

}  // namespace tailrace::capture
