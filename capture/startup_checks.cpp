#include "capture/startup_checks.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "capture/cascade_checks.hpp"
#include "capture/server_facts.hpp"
#include "capture/set_global.hpp"

namespace tailrace::capture {
namespace {

using mysql::Connection;

struct Setting {
  std::string_view name;
  std::string_view value;
  std::string_view why;
  bool at_start;  // only in the server's configuration
};
constexpr std::array settings{
    Setting{"log_bin", "ON", "there is no binlog to read", true},
    Setting{"binlog_format", "ROW", "changes would be logged as statements", false},
};

class Checks {
 public:
  Checks(Connection& connection, const MysqlOptions& options) : connection_(connection) {
    database_ = options.database;
  }

  Result<void> variables(std::span<const TableSelection> tables,
                         std::span<const TableSchema> schemas) {
    std::vector<std::string_view> names{"server_id", "binlog_row_image"};
    for (const Setting& setting : settings) names.push_back(setting.name);
    TAILRACE_ASSIGN(auto values, read_variables(connection_, names));
    for (const Setting& setting : settings) {
      const auto value = values.find(std::string(setting.name));
      if (value == values.end() || value->second == setting.value) continue;
      problem(std::string(setting.name) + " is " + value->second + ", must be " +
                  std::string(setting.value) + " (" + std::string(setting.why) + ")",
              cure(setting));
    }
    if (values["server_id"] == "0") {
      problem("server_id is 0: the server refuses replicas", cure("server_id = 1"));
    }
    row_image(values["binlog_row_image"], tables, schemas);
    return {};
  }

  // What an image leaves out cannot be known: MINIMAL leaves out what did not change, NOBLOB large
  // columns that did not change. FULL_NODUP leaves out what stands in front of the change already.
  void row_image(const std::string& image, std::span<const TableSelection> tables,
                 std::span<const TableSchema> schemas) {
    const std::string run = cure("binlog_row_image = 'FULL'");
    if (image == "MINIMAL") {
      return problem("binlog_row_image is MINIMAL, must be FULL (rows would be logged in part)",
                     run);
    }
    if (image != "NOBLOB") return;
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      for (const Column& column : schemas[i].columns) {
        const auto& used = tables[i].columns;
        const bool is_used =
            used.empty() || std::find(used.begin(), used.end(), column.name) != used.end();
        if (!is_used || !is_large(column.type.kind)) continue;
        problem("binlog_row_image is NOBLOB, must be FULL (" + schemas[i].id.text() + "." +
                    column.name + " would be left out)",
                run);
      }
    }
  }

  void primary_keys(std::span<const TableSchema> schemas) {
    for (const TableSchema& schema : schemas) {
      if (!schema.primary_key.empty()) continue;
      problem("table " + schema.id.text() + " has no primary key",
              "ALTER TABLE " + name(schema.id.table) + " ADD PRIMARY KEY (…);");
    }
  }

  // A versioned table keeps deleted rows: its binlog has an update where a row went.
  Result<void> versioned_tables(std::span<const TableSelection> tables) {
    if (!mariadb()) return {};
    TAILRACE_ASSIGN(const auto rows,
                    connection_.query("SELECT table_name FROM information_schema.tables WHERE "
                                      "table_type = 'SYSTEM VERSIONED' AND table_schema = " +
                                      connection_.literal(database_)));
    for (const mysql::Row& row : rows) {
      const std::string table = row[0].value_or("");
      const auto mapped = [&](const TableSelection& chosen) { return chosen.table == table; };
      if (std::none_of(tables.begin(), tables.end(), mapped)) continue;
      problem("table " + database_ + "." + table +
                  " is system-versioned: its deletions are logged as updates",
              "ALTER TABLE " + name(table) + " DROP SYSTEM VERSIONING;");
    }
    return {};
  }

  Result<void> privileges(std::span<const TableSelection> tables) {
    const bool replicas = connection_.version().at_least(8, 0, 22);
    if (mariadb()) {
      TAILRACE_TRY(mariadb_replication());
    } else {
      TAILRACE_TRY(allowed(replicas ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS", replication_grants()));
    }
    for (const TableSelection& table : tables) {
      TAILRACE_TRY(allowed("SELECT 1 FROM " + name(table.table) + " LIMIT 0",
                           "SELECT ON " + mysql::quoted_name(database_) + ".*"));
    }
    return {};
  }

  // REPLICATION CLIENT, and the databases that the server leaves out of its binlog.
  Result<void> binlog_filters() {
    const auto rows = connection_.query(binlog_status_sql(connection_.version()));
    if (!rows) return refused(rows.error(), replication_grants());
    if (rows->empty() || rows->front().size() < 4) return {};
    const std::string only = rows->front()[2].value_or("");
    const std::string without = rows->front()[3].value_or("");
    if (lists(without, database_) || (!only.empty() && !lists(only, database_))) {
      problem("the server leaves database " + database_ + " out of its binlog",
              "take binlog_do_db and binlog_ignore_db out of the server's configuration");
    }
    return {};
  }

  Result<void> replica() {
    TAILRACE_ASSIGN(const bool replicates, replicates_now());
    if (!replicates) return {};
    constexpr std::array<std::string_view, 2> names{"log_replica_updates", "log_slave_updates"};
    TAILRACE_ASSIGN(const auto values, read_variables(connection_, names));
    const bool off = std::any_of(values.begin(), values.end(),
                                 [](const auto& entry) { return entry.second == "OFF"; });
    if (off) {
      problem("the server is a replica and does not log what it replicates",
              std::string("set ") + (mariadb() ? "log_slave_updates" : "log_replica_updates") +
                  " = ON in the server's configuration");
    }
    return {};
  }

  Result<void> cascades(std::span<const TableSelection> tables) {
    TAILRACE_ASSIGN(const auto hidden, find_hidden_cascades(connection_, database_, tables));
    for (const HiddenCascade& cascade : hidden) tell(cascade.problem + "; " + cascade.cure);
    return {};
  }

  Result<void> outcome() const {
    if (problems_.empty()) return {};
    std::string message = "the server is not ready for capture:";
    for (const std::string& text : problems_) message += "\n  - " + text;
    return halt("source.preflight", std::move(message));
  }

 private:
  void problem(const std::string& what, const std::string& cure) { tell(what + "; run: " + cure); }
  void tell(std::string what) {
    if (std::find(problems_.begin(), problems_.end(), what) == problems_.end()) {
      problems_.push_back(std::move(what));
    }
  }
  std::string name(const std::string& table) const {
    return mysql::quoted_name(database_) + "." + mysql::quoted_name(table);
  }
  bool mariadb() const { return connection_.version().mariadb; }
  std::string replication_grants() const {
    return mariadb() ? "REPLICATION SLAVE, BINLOG MONITOR ON *.*"
                     : "REPLICATION SLAVE, REPLICATION CLIENT ON *.*";
  }
  std::string cure(std::string_view assignment) const {
    const bool forgets = mariadb() || !connection_.version().at_least(8, 0);
    return set_global(forgets, assignment) +
           (forgets ? "; and the same in the server's configuration" : ";");
  }
  std::string cure(const Setting& setting) const {
    if (setting.at_start) return "start the server with " + std::string(setting.name);
    return cure(std::string(setting.name) + " = '" + std::string(setting.value) + "'");
  }
  // MariaDB shows a replica's state to those who may manage it, but counts its threads for all.
  Result<bool> replicates_now() {
    if (mariadb()) {
      TAILRACE_ASSIGN(const auto rows,
                      connection_.query("SHOW GLOBAL STATUS LIKE 'Slaves_running'"));
      return !rows.empty() && rows[0].at(1).value_or("0") != "0";
    }
    const bool renamed = connection_.version().at_least(8, 0, 22);
    const auto rows = connection_.query(renamed ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS");
    if (!rows) {
      TAILRACE_TRY(refused(rows.error(), replication_grants()));
      return false;
    }
    return !rows->empty();
  }
  // No statement of MariaDB asks for REPLICATION SLAVE alone; grants, with those of roles, tell.
  Result<void> mariadb_replication() {
    TAILRACE_ASSIGN(const auto rows, connection_.query("SHOW GRANTS"));
    for (const mysql::Row& row : rows) {
      if (grants_replication(row.at(0).value_or(""))) return {};
    }
    return refused({Disposition::halt, "source.access_denied", ""}, replication_grants());
  }
  // "GRANT SELECT, REPLICATION SLAVE ON *.* TO …"
  static bool grants_replication(std::string_view grant) {
    const std::size_t end = grant.find(" ON *.* TO ");
    constexpr std::string_view verb = "GRANT ";
    if (end == std::string_view::npos || !grant.starts_with(verb)) return false;
    const std::string_view names = grant.substr(verb.size(), end - verb.size());
    const std::string list = ", " + std::string(names) + ", ";
    return list.find(", REPLICATION SLAVE, ") != std::string::npos || list == ", ALL PRIVILEGES, ";
  }
  static bool is_large(ColumnKind kind) {
    return kind == ColumnKind::text || kind == ColumnKind::blob || kind == ColumnKind::json ||
           kind == ColumnKind::geometry || kind == ColumnKind::vector;
  }
  static bool lists(const std::string& list, const std::string& database) {
    return ("," + list + ",").find("," + database + ",") != std::string::npos;
  }
  Result<void> allowed(const std::string& sql, const std::string& privilege) {
    const auto rows = connection_.query(sql);
    if (!rows) return refused(rows.error(), privilege);
    return {};
  }
  Result<void> refused(const Error& error, const std::string& privilege) {
    if (error.code != "source.access_denied") return Failure(error);
    if (user_.empty()) {
      TAILRACE_ASSIGN(const std::string account, connection_.scalar("SELECT CURRENT_USER()"));
      const std::size_t at = account.rfind('@');
      user_ = connection_.literal(account.substr(0, at)) + "@" +
              connection_.literal(at == std::string::npos ? "%" : account.substr(at + 1));
    }
    problem("the user " + user_ + " may not read what is needed",
            "GRANT " + privilege + " TO " + user_ + ";");
    return {};
  }

  Connection& connection_;
  std::string database_;
  std::string user_;
  std::vector<std::string> problems_;
};

Result<void> check_version(const mysql::ServerVersion& version) {
  if (version.mariadb ? version.at_least(10, 2) : version.at_least(5, 6, 6)) return {};
  return halt("source.preflight",
              std::string("the server is ") + (version.mariadb ? "MariaDB " : "MySQL ") +
                  version.text + "; read are MySQL 5.6.6 and later and MariaDB 10.2 and later");
}

}  // namespace

Result<void> check_server(mysql::Connection& connection, const MysqlOptions& options,
                          std::span<const TableSelection> tables,
                          std::span<const TableSchema> schemas) {
  TAILRACE_TRY(check_version(connection.version()));
  Checks checks(connection, options);
  TAILRACE_TRY(checks.variables(tables, schemas));
  checks.primary_keys(schemas);
  TAILRACE_TRY(checks.versioned_tables(tables));
  TAILRACE_TRY(checks.privileges(tables));
  TAILRACE_TRY(checks.binlog_filters());
  TAILRACE_TRY(checks.replica());
  TAILRACE_TRY(checks.cascades(tables));
  return checks.outcome();
}

}  // namespace tailrace::capture
