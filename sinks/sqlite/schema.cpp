#include "sinks/sqlite/schema.hpp"

#include <fmt/format.h>

#include "core/log.hpp"
#include "sinks/sqlite/document_text.hpp"
#include "sinks/sqlite/layout.hpp"

namespace tailrace::sinks {

namespace {

constexpr const char* expected_columns = "id,version,deleted,body";

struct Meta {
  bool known = false;
  int text_format = 0;
  std::optional<LogIdentity> identity;
};

Result<Meta> read_meta(Database& database, const std::string& document) {
  TAILRACE_ASSIGN(auto select,
                  database.prepare("SELECT text_format, log_id, generation FROM tailrace_meta "
                                   "WHERE document = ?1"));
  select.bind(1, document);
  Meta meta;
  const int code = select.step();
  if (code == SQLITE_DONE) return meta;
  if (code != SQLITE_ROW) return sqlite_failure(database.handle(), "read tailrace_meta");
  meta.known = true;
  meta.text_format = static_cast<int>(select.number(0));
  if (!select.is_null(1)) {
    meta.identity =
        LogIdentity{std::string(select.text(1)), static_cast<std::uint16_t>(select.number(2))};
  }
  return meta;
}

// Names of the columns with commas; empty: no such table.
Result<std::string> columns_of(Database& database, const std::string& table) {
  TAILRACE_ASSIGN(auto select,
                  database.prepare("SELECT group_concat(name) FROM pragma_table_info(?1)"));
  select.bind(1, table);
  if (select.step() != SQLITE_ROW) return sqlite_failure(database.handle(), "read the columns");
  return std::string(select.text(0));
}

Result<void> fill_index(Database& database, const SqliteLayout& layout) {
  TAILRACE_ASSIGN(auto select, database.prepare("SELECT rowid, body FROM " + layout.table +
                                                " WHERE NOT deleted"));
  TAILRACE_ASSIGN(auto insert, database.prepare("INSERT INTO " + layout.index +
                                                " (rowid, text) VALUES (?1, ?2)"));
  std::string text;
  int code = select.step();
  for (; code == SQLITE_ROW; code = select.step()) {
    text.clear();
    append_document_text(text, select.text(1));
    insert.bind(1, select.number(0)).bind(2, text);
    if (insert.step() != SQLITE_DONE) break;
    insert.reset();
  }
  if (code != SQLITE_DONE) return sqlite_failure(database.handle(), "build the full-text index");
  return {};
}

Result<void> create_index(Database& database, const SqliteLayout& layout) {
  TAILRACE_TRY(database.execute("DROP TABLE IF EXISTS " + layout.index));
  TAILRACE_TRY(
      database.execute("CREATE VIRTUAL TABLE " + layout.index +
                       " USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')"));
  return fill_index(database, layout);
}

Failure foreign_table(const std::string& name) {
  return halt(
      "sqlite.foreign_table",
      fmt::format("table {0} exists and was not made by this program; give the sink another "
                  "path, or drop it: DROP TABLE {0};",
                  quote_name(name)));
}

}  // namespace

Result<std::optional<LogIdentity>> create_schema(Database& database, const std::string& document) {
  const SqliteLayout layout(document);
  TAILRACE_ASSIGN(auto transaction, WriteTransaction::begin(database));
  TAILRACE_TRY(
      database.execute("CREATE TABLE IF NOT EXISTS tailrace_meta (document TEXT PRIMARY "
                       "KEY, text_format INTEGER NOT NULL, log_id TEXT, generation "
                       "INTEGER)"));
  TAILRACE_ASSIGN(Meta meta, read_meta(database, document));
  TAILRACE_ASSIGN(const std::string columns, columns_of(database, document));
  if (!columns.empty() && (!meta.known || columns != expected_columns)) {
    return foreign_table(document);
  }
  TAILRACE_ASSIGN(const std::string index, columns_of(database, document + "_fts"));
  if (!index.empty() && (!meta.known || index != "text")) return foreign_table(document + "_fts");
  // Somebody dropped the table: what it held is gone, so no log's identity holds for it.
  if (columns.empty()) meta.identity.reset();
  if (columns.empty() || index.empty() || meta.text_format != document_text_format) {
    if (!columns.empty()) log_info("sqlite.index_rebuild", {{"document", document}});
    TAILRACE_TRY(database.execute("CREATE TABLE IF NOT EXISTS " + layout.table +
                                  " (id TEXT PRIMARY KEY, version INTEGER, deleted INTEGER, body "
                                  "TEXT)"));
    TAILRACE_TRY(create_index(database, layout));
    TAILRACE_ASSIGN(auto save, database.prepare(
                                   "INSERT OR REPLACE INTO tailrace_meta VALUES (?1, ?2, ?3, ?4)"));
    save.bind(1, document).bind(2, std::int64_t{document_text_format});
    if (meta.identity) {
      save.bind(3, meta.identity->log_id).bind(4, std::int64_t{meta.identity->generation});
    }
    if (save.step() != SQLITE_DONE) return sqlite_failure(database.handle(), "save tailrace_meta");
  }
  TAILRACE_TRY(transaction.commit());
  return meta.identity;
}

}  // namespace tailrace::sinks
