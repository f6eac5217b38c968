#include "sinks/sqlite/database.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace tailrace::sinks {

namespace {

constexpr int busy_wait_ms = 10'000;
constexpr int busy_step_ms = 1;

// SQLite's own busy_timeout backs off to 100 ms, which would be the latency of two sinks that share
// a file; transactions here are short, so ask again every millisecond. There is nothing to wait on.
int wait_for_other_writer(void* /*unused*/, int attempts) {
  if (attempts * busy_step_ms >= busy_wait_ms) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(busy_step_ms));
  return 1;
}

std::string place(sqlite3* connection) {
  const char* path = connection ? sqlite3_db_filename(connection, "main") : nullptr;
  return path && *path ? path : "the database";
}

// Switching to WAL does not always call the busy handler.
Result<void> use_write_ahead_log(Database& database) {
  Result<void> done;
  for (int attempt = 0; attempt < busy_wait_ms / 10; ++attempt) {
    done = database.execute("PRAGMA journal_mode=WAL");
    if (done || done.error().code != "sqlite.busy") return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return done;
}

}  // namespace

Failure sqlite_failure(sqlite3* connection, std::string_view doing) {
  const int code = connection ? sqlite3_errcode(connection) & 0xff : SQLITE_NOMEM;
  const std::string text = fmt::format("{}: {}: {}", place(connection), doing,
                                       connection ? sqlite3_errmsg(connection) : "out of memory");
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return retry("sqlite.busy", text);
    case SQLITE_FULL:
      return retry("sqlite.disk_full", text + "; free some space on that disk");
    case SQLITE_IOERR:
      return retry("sqlite.io_error", text);
    case SQLITE_NOMEM:
      return retry("sqlite.out_of_memory", text);
    case SQLITE_TOOBIG:
      return dead_letter("sqlite.too_large", text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return halt("sqlite.corrupt", text +
                                        "; move the file away and start again: the documents are "
                                        "written anew from the pipeline's state");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return halt("sqlite.no_access", text +
                                          "; check that the folder exists and that this user may "
                                          "write to it and to the file");
    default:
      return halt("sqlite.error", text);
  }
}

Statement& Statement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), parameter, text.data() ? text.data() : "", text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(handle_.get(), parameter, number);
  return *this;
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(size)) : std::string_view();
}

Result<Database> Database::connect(const std::string& path, Access access) {
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (access == Access::read_only ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Database database;
  database.handle_.reset(connection);
  if (code != SQLITE_OK) {
    Failure failure = sqlite_failure(connection, "open");
    failure.value().message = path + ": " + failure.value().message;
    return failure;
  }
  sqlite3_busy_handler(connection, wait_for_other_writer, nullptr);
  if (access == Access::read_write) {
    TAILRACE_TRY(use_write_ahead_log(database));
    TAILRACE_TRY(
        database.execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=16000;"
                         "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000"));
  }
  return database;
}

Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_failure(handle_.get(), "prepare");
  return Statement(statement);
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_failure(handle_.get(), sql.substr(0, sql.find_first_of(" (;")));
  }
  return {};
}

Result<WriteTransaction> WriteTransaction::begin(Database& database) {
  TAILRACE_TRY(database.execute("BEGIN IMMEDIATE"));
  return WriteTransaction(database);
}

WriteTransaction::~WriteTransaction() {
  // Some errors roll back by themselves; then there is nothing left to do.
  if (database_ && sqlite3_get_autocommit(database_->handle()) == 0) {
    static_cast<void>(database_->execute("ROLLBACK"));
  }
}

Result<void> WriteTransaction::commit() {
  TAILRACE_TRY(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

std::string quote_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace tailrace::sinks
