#include "sinks/sqlite/sqlite_sink.hpp"

#include <fmt/format.h>

#include "sinks/sqlite/document_text.hpp"
#include "sinks/sqlite/layout.hpp"
#include "sinks/sqlite/schema.hpp"

namespace tailrace::sinks {

namespace {

class SqliteSink final : public DocumentSink {
 public:
  explicit SqliteSink(SqliteOptions options)
      : options_(std::move(options)), layout_(options_.document) {}

  Result<std::optional<LogIdentity>> open() override {
    drop_statements();
    TAILRACE_ASSIGN(database_, Database::connect(options_.path, Database::Access::read_write));
    TAILRACE_ASSIGN(auto identity, create_schema(database_, options_.document));
    TAILRACE_TRY(prepare());
    return identity;
  }

  Result<void> set_identity(const LogIdentity& identity) override {
    TAILRACE_TRY(must_be_open());
    TAILRACE_ASSIGN(auto update, database_.prepare("UPDATE tailrace_meta SET log_id = ?1, "
                                                   "generation = ?2 WHERE document = ?3"));
    update.bind(1, identity.log_id).bind(2, std::int64_t{identity.generation});
    update.bind(3, options_.document);
    if (update.step() != SQLITE_DONE) return failure("write the identity of the log");
    return {};
  }

  Result<std::vector<Result<void>>> apply(std::span<const DocumentWrite> batch) override {
    TAILRACE_TRY(must_be_open());
    std::vector<Result<void>> outcomes;
    outcomes.reserve(batch.size());
    TAILRACE_ASSIGN(auto transaction, WriteTransaction::begin(database_));
    for (const DocumentWrite& write : batch) {
      Result<void> outcome = apply_one(write);
      find_.reset();
      if (!outcome && outcome.error().disposition != Disposition::dead_letter) {
        return Failure(std::move(outcome).error());
      }
      outcomes.push_back(std::move(outcome));
    }
    TAILRACE_TRY(transaction.commit());
    return outcomes;
  }

  Result<std::vector<std::string>> older_than(std::uint16_t generation,
                                              std::size_t limit) override {
    TAILRACE_TRY(must_be_open());
    TAILRACE_ASSIGN(auto select, database_.prepare("SELECT id FROM " + layout_.table +
                                                   " WHERE version < ?1 AND NOT deleted LIMIT ?2"));
    select.bind(1, static_cast<std::int64_t>(Version(generation, -1).number()));
    select.bind(2, static_cast<std::int64_t>(limit));
    std::vector<std::string> ids;
    int code = select.step();
    for (; code == SQLITE_ROW; code = select.step()) ids.emplace_back(select.text(0));
    if (code != SQLITE_DONE) return failure("look for older documents");
    return ids;
  }

 private:
  // One document inside the transaction. Errors: dead_letter leaves no trace of this write; any
  // other ends the transaction.
  Result<void> apply_one(const DocumentWrite& write) {
    new_text_.clear();
    TAILRACE_TRY(check(write));
    find_.bind(1, write.id);
    const int found = find_.step();
    if (found != SQLITE_ROW && found != SQLITE_DONE) return failure("find a document");
    const auto version = static_cast<std::int64_t>(write.version.number());
    if (found == SQLITE_DONE) {
      TAILRACE_TRY(upsert(write, version));
      return write.deleted ? Result<void>() : add_words(sqlite3_last_insert_rowid(handle()));
    }
    if (version <= find_.number(1)) return {};
    const std::int64_t row = find_.number(0);
    const bool had_words = find_.number(2) == 0;
    old_text_.clear();
    if (had_words) append_document_text(old_text_, find_.text(3));
    find_.reset();
    TAILRACE_TRY(upsert(write, version));
    if (had_words != write.deleted && old_text_ == new_text_) return {};
    if (had_words) TAILRACE_TRY(remove_words(row));
    return write.deleted ? Result<void>() : add_words(row);
  }

  Result<void> check(const DocumentWrite& write) {
    if (!append_document_text(new_text_, write.body)) {
      return dead_letter("sqlite.invalid_document", "the body is not one whole JSON object");
    }
    const int limit = sqlite3_limit(handle(), SQLITE_LIMIT_LENGTH, -1);
    constexpr std::size_t row_overhead = 64;
    if (write.id.size() + write.body.size() + row_overhead > static_cast<std::size_t>(limit)) {
      return dead_letter("sqlite.too_large", fmt::format("{} bytes, more than the {} of a row",
                                                         write.body.size(), limit));
    }
    return {};
  }

  Result<void> upsert(const DocumentWrite& write, std::int64_t version) {
    upsert_.bind(1, write.id).bind(2, version);
    upsert_.bind(3, std::int64_t{write.deleted}).bind(4, write.body);
    return run(upsert_, "write a document");
  }
  Result<void> add_words(std::int64_t row) {
    add_words_.bind(1, row).bind(2, new_text_);
    return run(add_words_, "index a document");
  }
  // FTS5 keeps no copy of the text: it takes back exactly the words it was given.
  Result<void> remove_words(std::int64_t row) {
    remove_words_.bind(1, row).bind(2, old_text_);
    return run(remove_words_, "index a document");
  }

  Result<void> run(Statement& statement, std::string_view doing) {
    const int code = statement.step();
    if (code == SQLITE_DONE) {
      statement.reset();
      return {};
    }
    Failure error = failure(doing);
    statement.reset();
    // Only check() may call a write hopeless: past it half a write could be left behind.
    if (error.value().disposition == Disposition::dead_letter) {
      error.value().disposition = Disposition::halt;
    }
    return error;
  }

  Result<void> prepare() {
    const std::string& table = layout_.table;
    const std::string& index = layout_.index;
    TAILRACE_ASSIGN(find_, database_.prepare("SELECT rowid, version, deleted, body FROM " + table +
                                             " WHERE id = ?1"));
    TAILRACE_ASSIGN(
        upsert_,
        database_.prepare("INSERT INTO " + table +
                          " (id, version, deleted, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) "
                          "DO UPDATE SET version = excluded.version, deleted = excluded.deleted, "
                          "body = excluded.body WHERE excluded.version > version"));
    TAILRACE_ASSIGN(add_words_,
                    database_.prepare("INSERT INTO " + index + " (rowid, text) VALUES (?1, ?2)"));
    TAILRACE_ASSIGN(remove_words_,
                    database_.prepare(fmt::format(
                        "INSERT INTO {0} ({0}, rowid, text) VALUES ('delete', ?1, ?2)", index)));
    return {};
  }

  void drop_statements() {
    find_ = {};
    upsert_ = {};
    add_words_ = {};
    remove_words_ = {};
  }

  Result<void> must_be_open() const {
    if (remove_words_) return {};
    return retry("sqlite.not_open", options_.path + " is not open");
  }
  Failure failure(std::string_view doing) const { return sqlite_failure(handle(), doing); }
  sqlite3* handle() const { return database_.handle(); }

  SqliteOptions options_;
  SqliteLayout layout_;
  Database database_;  // outlives the statements
  Statement find_;
  Statement upsert_;
  Statement add_words_;
  Statement remove_words_;
  std::string old_text_;
  std::string new_text_;
};

}  // namespace

Result<std::unique_ptr<DocumentSink>> open_sqlite_sink(SqliteOptions options) {
  if (options.path.empty() || options.document.empty()) {
    return halt("sqlite.bad_options", "a SQLite sink needs a path and a document");
  }
  return std::make_unique<SqliteSink>(std::move(options));
}

}  // namespace tailrace::sinks
