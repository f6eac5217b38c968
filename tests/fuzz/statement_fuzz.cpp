// A statement of the binlog under any SQL mode. Input: the mode's bits, the default database as a
// piece, then the statement.
#include <string>
#include <string_view>

#include "capture/sql_lexer.hpp"
#include "capture/statement.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const std::uint8_t mode = input.byte();
  StatementText text;
  text.ansi_quotes = (mode & 1) != 0;
  text.no_backslash_escapes = (mode & 2) != 0;
  text.default_database = input.piece();
  text.sql = input.rest();
  const Statement statement = classify_statement(text);
  for (const TableId& table : statement.tables) {
    TAILRACE_ASSERT(table.table.size() <= text.sql.size());
  }
  SqlLexer lexer(text.sql, text.ansi_quotes, text.no_backslash_escapes);
  std::size_t tokens = 0;
  while (lexer.next().kind != SqlTokenKind::end) {
    TAILRACE_ASSERT(++tokens <= text.sql.size());
  }
}

}  // namespace

TAILRACE_FUZZ_TARGET(statement, run)
