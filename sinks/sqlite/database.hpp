// One connection to a SQLite file and its prepared statements.
// Threading: one thread at a time per connection; several connections to one file may work at once.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tailrace::sinks {

// The connection's last error as ours: full, busy and I/O errors are retried, what needs a person
// (corrupt, read-only, not a database) halts.
Failure sqlite_failure(sqlite3* connection, std::string_view doing);

// A prepared statement. Texts are bound without a copy: they must outlive the step.
class Statement {
 public:
  Statement() = default;
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::int64_t number);
  // SQLITE_ROW, SQLITE_DONE or an error code.
  int step() { return sqlite3_step(handle_.get()); }
  void reset() { sqlite3_reset(handle_.get()); }
  // Valid until the next step() or reset().
  std::string_view text(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  bool is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
  }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
 public:
  enum class Access { read_only, read_write };

  Database() = default;
  // read_write creates the file, and waits up to ten seconds for other writers.
  static Result<Database> connect(const std::string& path, Access access);

  Result<Statement> prepare(const std::string& sql);
  // Runs statements that return nothing.
  Result<void> execute(const std::string& sql);
  sqlite3* handle() const { return handle_.get(); }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// A write transaction that rolls back unless it was committed.
class WriteTransaction {
 public:
  static Result<WriteTransaction> begin(Database& database);
  WriteTransaction(WriteTransaction&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)) {}
  WriteTransaction& operator=(WriteTransaction&& other) noexcept {
    std::swap(database_, other.database_);
    return *this;
  }
  ~WriteTransaction();
  Result<void> commit();

 private:
  explicit WriteTransaction(Database& database) : database_(&database) {}
  Database* database_;
};

// "name" with quotes, for a table or an index.
std::string quote_name(std::string_view name);

}  // namespace tailrace::sinks
