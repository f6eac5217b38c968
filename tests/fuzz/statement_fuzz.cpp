// Statements of the binlog in any dialect: tokens, the classifier, and the definitions of tables.
// Input: the dialect's bits, the default database as a piece, then statements, one a line.
#include <algorithm>
#include <string>
#include <string_view>

#include "capture/schema_catalog.hpp"
#include "capture/sql_lexer.hpp"
#include "capture/statement.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

constexpr std::size_t most_statements = 16;

void read_tokens(const StatementText& text) {
  SqlLexer lexer(text.sql, text.dialect);
  std::size_t tokens = 0;
  while (lexer.next().kind != SqlTokenKind::end) TAILRACE_ASSERT(++tokens <= text.sql.size());
  for (const TableId& table : classify_statement(text).tables) {
    TAILRACE_ASSERT(table.table.size() <= text.sql.size());
  }
}

// Every table that is known has its key among its columns, and survives being saved.
void check_catalog(const SchemaCatalog& catalog) {
  for (const TableId& id : catalog.tables()) {
    const TableDefinition* const table = catalog.find(id);
    TAILRACE_ASSERT((table == nullptr) == catalog.is_unknown(id));
    if (table == nullptr) continue;
    for (const std::uint32_t column : table->schema.primary_key) {
      TAILRACE_ASSERT(column < table->schema.columns.size());
    }
  }
  const std::string saved = catalog.encode();
  const auto read = SchemaCatalog::decode(saved);
  TAILRACE_ASSERT(read && read->encode() == saved);
}

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const std::uint8_t bits = input.byte();
  StatementText text;
  text.dialect.ansi_quotes = (bits & 1) != 0;
  text.dialect.no_backslash_escapes = (bits & 2) != 0;
  text.dialect.mariadb = (bits & 4) != 0;
  text.dialect.version = (bits & 8) == 0 ? 0 : (text.dialect.mariadb ? 101119 : 80036);
  text.default_database = input.piece();
  SchemaCatalog catalog((bits & 16) != 0);
  std::string_view rest = input.rest();
  for (std::size_t i = 0; i < most_statements && !rest.empty(); ++i) {
    text.sql = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.sql.size() + 1, rest.size()));
    read_tokens(text);
    catalog.apply(text);
  }
  check_catalog(catalog);
}

}  // namespace

TAILRACE_FUZZ_TARGET(statement, run)
