// A real server for tests, as tests/stack/stack env describes it: MySQL, or another with
// TAILRACE_TEST_SERVER=MARIADB, MARIADB118 or MYSQL56.
// Threading: one thread per object.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "capture/binlog_source.hpp"
#include "capture/mysql/connection.hpp"

namespace tailrace::capture::testing {

bool server_is_configured();
bool on_mariadb();
// MySQL 8 or later, or MariaDB: not 5.6, which lacks much of what tests are written in.
bool is_modern();
std::string server_name();  // in the stack

// Of the unprivileged account, or of root.
MysqlOptions server_options(bool root = false);

// A database of its own, dropped at the end.
class Database {
 public:
  explicit Database(const std::string& name);
  ~Database();

  const std::string& name() const { return name_; }
  mysql::Connection& root() { return root_; }
  // Statements as root, with this database as the default one.
  void run(const std::string& sql);
  void run_all(const std::vector<std::string>& statements);
  std::string scalar(const std::string& sql);
  GtidSet executed();
  bool has_variable(const std::string& name);
  mysql::Connection another();
  // Lets WITH RECURSIVE make that many rows in this session.
  void allow_recursion(int rows);

  // A source on these tables of this database; the pipeline is named like the database.
  BinlogSourceOptions source(std::vector<TableSelection> tables) const;

 private:
  std::string name_;
  mysql::Connection root_;
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().code << ": " << result.error().message;
    throw std::runtime_error(result.error().message);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (server_is_configured()) return;
    if (std::getenv("TAILRACE_SERVERS_REQUIRED") != nullptr) FAIL() << "ctest started none";
    GTEST_SKIP() << "the server is not up: see tests/stack/README.md";
  }
};

}  // namespace tailrace::capture::testing
