#include "capture/server_facts.hpp"

#include <charconv>

namespace tailrace::capture {

Result<std::map<std::string, std::string>> read_variables(mysql::Connection& connection,
                                                          std::span<const std::string_view> names) {
  std::string sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN (";
  for (std::size_t i = 0; i < names.size(); ++i) {
    sql.append(i == 0 ? "'" : ", '").append(names[i]).append("'");
  }
  TAILRACE_ASSIGN(const auto rows, connection.query(sql + ")"));
  std::map<std::string, std::string> variables;
  for (const mysql::Row& row : rows) variables[row.at(0).value_or("")] = row.at(1).value_or("");
  return variables;
}

Result<GtidSet> read_executed(mysql::Connection& connection) {
  TAILRACE_ASSIGN(const std::string text, connection.scalar("SELECT @@GLOBAL.gtid_executed"));
  return GtidSet::parse(text);
}

Result<ServerFacts> read_server_facts(mysql::Connection& connection) {
  TAILRACE_ASSIGN(const auto rows,
                  connection.query("SELECT @@GLOBAL.server_uuid, @@GLOBAL.gtid_executed, "
                                   "@@GLOBAL.gtid_purged, @@GLOBAL.lower_case_table_names"));
  if (rows.size() != 1) return halt("source.query", "the server does not answer about itself");
  ServerFacts facts;
  facts.uuid = rows[0][0].value_or("");
  TAILRACE_ASSIGN(facts.executed, GtidSet::parse(rows[0][1].value_or("")));
  TAILRACE_ASSIGN(facts.purged, GtidSet::parse(rows[0][2].value_or("")));
  facts.ignore_table_case = rows[0][3].value_or("0") != "0";
  return facts;
}

Result<BinlogPosition> read_binlog_end(mysql::Connection& connection) {
  const mysql::ServerVersion& version = connection.version();
  const bool renamed = !version.mariadb && version.at_least(8, 2);
  TAILRACE_ASSIGN(const auto rows, connection.query(renamed ? "SHOW BINARY LOG STATUS"
                                                            : "SHOW MASTER STATUS"));
  if (rows.empty() || rows[0].size() < 2 || !rows[0][0] || !rows[0][1]) {
    return halt("source.no_binlog", "the server writes no binlog; start it with --log-bin");
  }
  BinlogPosition end;
  end.file = *rows[0][0];
  const std::string& offset = *rows[0][1];
  std::from_chars(offset.data(), offset.data() + offset.size(), end.offset);
  return end;
}

}  // namespace tailrace::capture
