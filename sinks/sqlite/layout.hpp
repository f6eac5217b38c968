// Names of what a document type has in a SQLite file:
//   "order"        (id TEXT PRIMARY KEY, version INTEGER, deleted INTEGER, body TEXT)
//   "order_fts"    FTS5, contentless: rowid = the document's, text = its string values; no stubs
//   tailrace_meta  one row per document type: identity of the log, format of the index
// Threading: plain value.
#pragma once

#include <string>
#include <string_view>

#include "sinks/sqlite/database.hpp"

namespace tailrace::sinks {

struct SqliteLayout {
  explicit SqliteLayout(std::string_view document)
      : table(quote_name(document)), index(quote_name(std::string(document) + "_fts")) {}

  std::string table;  // quoted
  std::string index;  // quoted
};

}  // namespace tailrace::sinks
