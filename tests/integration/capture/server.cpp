#include "server.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>

#include "capture/catalog.hpp"
#include "capture/server_facts.hpp"

namespace tailrace::capture::testing {
namespace {

std::string variable(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

// MYSQL_PORT, MARIADB_PORT …
std::string of_server(const std::string& name, const char* otherwise = "") {
  return variable((variable("TAILRACE_TEST_SERVER", "MYSQL") + "_" + name).c_str(), otherwise);
}

}  // namespace

bool server_is_configured() { return !of_server("HOST").empty(); }
bool on_mariadb() { return variable("TAILRACE_TEST_SERVER").starts_with("MARIADB"); }
bool is_modern() { return variable("TAILRACE_TEST_SERVER") != "MYSQL56"; }
std::string server_name() {
  std::string name = variable("TAILRACE_TEST_SERVER", "MYSQL");
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

MysqlOptions server_options(bool root) {
  MysqlOptions options;
  options.host = of_server("HOST");
  options.port = static_cast<std::uint16_t>(std::stoi(of_server("PORT", "3306")));
  options.user = root ? of_server("ROOT_USER", "root") : of_server("USER");
  options.password = Secret(of_server(root ? "ROOT_PASSWORD" : "PASSWORD"));
  options.heartbeat = Milliseconds(1000);
  return options;
}

Database::Database(const std::string& name)
    : name_(name + "_" + std::to_string(::getpid())),
      root_(must(mysql::Connection::connect(server_options(true), mysql::Use::sql))) {
  must(root_.execute("CREATE DATABASE " + name_ + " CHARACTER SET utf8mb4"));
  must(root_.execute("USE " + name_));
}

Database::~Database() {
  auto root = mysql::Connection::connect(server_options(true), mysql::Use::sql);
  if (root) static_cast<void>(root->execute("DROP DATABASE IF EXISTS " + name_));
}

void Database::run(const std::string& sql) { must(root_.execute(sql)); }

void Database::run_all(const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) run(statement);
}

std::string Database::scalar(const std::string& sql) { return must(root_.scalar(sql)); }

GtidSet Database::executed() {
  return must(read_executed(root_));
}

bool Database::has_variable(const std::string& name) {
  return !must(root_.query("SHOW GLOBAL VARIABLES LIKE '" + name + "'")).empty();
}

void Database::allow_recursion(int rows) {
  run(std::string("SET SESSION ") +
      (on_mariadb() ? "max_recursive_iterations" : "cte_max_recursion_depth") + " = " +
      std::to_string(rows));
}

mysql::Connection Database::another() {
  auto connection = must(mysql::Connection::connect(server_options(true), mysql::Use::sql));
  must(connection.execute("USE " + name_));
  return connection;
}

BinlogSourceOptions Database::source(std::vector<TableSelection> tables) const {
  BinlogSourceOptions options;
  options.mysql = server_options();
  options.mysql.database = name_;
  options.tables = std::move(tables);
  options.schemas = must(read_table_schemas(options.mysql, options.tables));
  options.pipeline = name_;
  options.shard = "s0";
  return options;
}

}  // namespace tailrace::capture::testing
