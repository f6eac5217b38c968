#include "server.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "capture/catalog.hpp"

namespace tailrace::capture::testing {
namespace {

std::string variable(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

}  // namespace

bool server_is_configured() { return !variable("MYSQL_HOST").empty(); }

MysqlOptions server_options(bool root) {
  MysqlOptions options;
  options.host = variable("MYSQL_HOST");
  options.port = static_cast<std::uint16_t>(std::stoi(variable("MYSQL_PORT", "3306")));
  options.user = root ? variable("MYSQL_ROOT_USER", "root") : variable("MYSQL_USER");
  options.password = Secret(variable(root ? "MYSQL_ROOT_PASSWORD" : "MYSQL_PASSWORD"));
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
  return must(GtidSet::parse(scalar("SELECT @@GLOBAL.gtid_executed")));
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
