#include "sinks/sqlite/sqlite_reader.hpp"

#include <filesystem>

#include "sinks/sqlite/layout.hpp"

namespace tailrace::sinks {

namespace {

// Every word as a quoted prefix: "kim"* "seoul"*. Nothing the user types is query syntax.
std::string match_expression(std::string_view words) {
  std::string expression;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t start = words.find_first_not_of(std::string_view(" \t\r\n\0", 5), at);
    if (start == std::string_view::npos) break;
    at = std::min(words.find_first_of(std::string_view(" \t\r\n\0", 5), start), words.size());
    if (!expression.empty()) expression.push_back(' ');
    expression += quote_name(words.substr(start, at - start));
    expression.push_back('*');
  }
  return expression;
}

class SqliteReader final : public DocumentReader {
 public:
  SqliteReader(Database database, std::string document)
      : database_(std::move(database)), layout_(document) {}

  Result<void> prepare() {
    TAILRACE_ASSIGN(find_, database_.prepare("SELECT body FROM " + layout_.table +
                                             " WHERE id = ?1 AND NOT deleted"));
    TAILRACE_ASSIGN(search_, database_.prepare(
                                 "SELECT d.id, d.body FROM (SELECT rowid, rank AS score FROM " +
                                 layout_.index + " WHERE " + layout_.index +
                                 " MATCH ?1 ORDER BY rank LIMIT ?2) AS hit JOIN " + layout_.table +
                                 " AS d ON d.rowid = hit.rowid WHERE NOT d.deleted "
                                 "ORDER BY hit.score, d.rowid DESC"));
    return {};
  }

  Result<std::optional<std::string>> get(std::string_view id) override {
    find_.bind(1, id);
    const int code = find_.step();
    std::optional<std::string> body;
    if (code == SQLITE_ROW) body.emplace(find_.text(0));
    const bool failed = code != SQLITE_ROW && code != SQLITE_DONE;
    if (failed) return failure(find_, "get a document");
    find_.reset();
    return body;
  }

  Result<std::vector<Hit>> search(std::string_view words, std::size_t limit) override {
    std::vector<Hit> hits;
    const std::string expression = match_expression(words);
    if (expression.empty() || limit == 0) return hits;
    search_.bind(1, expression).bind(2, static_cast<std::int64_t>(limit));
    int code = search_.step();
    for (; code == SQLITE_ROW; code = search_.step()) {
      hits.push_back({std::string(search_.text(0)), std::string(search_.text(1))});
    }
    if (code != SQLITE_DONE) return failure(search_, "search");
    search_.reset();
    return hits;
  }

 private:
  Failure failure(Statement& statement, std::string_view doing) {
    Failure error = sqlite_failure(database_.handle(), doing);
    statement.reset();
    return error;
  }

  Database database_;  // outlives the statements
  SqliteLayout layout_;
  Statement find_;
  Statement search_;
};

}  // namespace

Result<std::unique_ptr<DocumentReader>> open_sqlite_reader(SqliteOptions options) {
  const auto not_there = [&](const std::string& what) {
    return halt("sqlite.not_there", options.path + ": " + what + "; has the pipeline run yet?");
  };
  std::error_code ignored;
  if (!std::filesystem::exists(options.path, ignored)) return not_there("no such file");
  TAILRACE_ASSIGN(auto database, Database::connect(options.path, Database::Access::read_only));
  TAILRACE_ASSIGN(
      auto exists,
      database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1"));
  exists.bind(1, options.document);
  const int code = exists.step();
  if (code == SQLITE_DONE) return not_there("no documents of type '" + options.document + "'");
  if (code != SQLITE_ROW) return sqlite_failure(database.handle(), "open");
  exists = Statement();
  auto reader = std::make_unique<SqliteReader>(std::move(database), options.document);
  TAILRACE_TRY(reader->prepare());
  return reader;
}

}  // namespace tailrace::sinks
