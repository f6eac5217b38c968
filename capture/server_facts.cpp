#include "capture/server_facts.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tailrace::capture {
namespace {

// The set at that place of the binlog; nullopt: the file is gone.
Result<std::optional<GtidSet>> mariadb_gtids_at(mysql::Connection& connection,
                                                const std::string& file,
                                                const std::string& offset) {
  TAILRACE_ASSIGN(
      const auto rows,
      connection.query("SELECT BINLOG_GTID_POS(" + connection.literal(file) + ", " + offset + ")"));
  if (rows.empty() || !rows[0][0]) return std::nullopt;
  TAILRACE_ASSIGN(GtidSet set, GtidSet::parse(*rows[0][0]));
  return std::optional(std::move(set));
}

Result<ServerFacts> read_mariadb_facts(mysql::Connection& connection) {
  TAILRACE_ASSIGN(const auto rows,
                  connection.query("SELECT @@GLOBAL.server_id, @@GLOBAL.lower_case_table_names, "
                                   "@@GLOBAL.gtid_slave_pos"));
  if (rows.size() != 1) return halt("source.query", "the server does not answer about itself");
  ServerFacts facts;
  facts.uuid = "server-" + rows[0][0].value_or("");
  facts.ignore_table_case = rows[0][1].value_or("0") != "0";
  TAILRACE_ASSIGN(facts.executed, read_executed(connection));
  // A replica made from a backup has domains that its own binlog never saw.
  TAILRACE_ASSIGN(const GtidSet replicated, GtidSet::parse(rows[0][2].value_or("")));
  facts.executed.add(replicated);
  TAILRACE_ASSIGN(const auto files, connection.query("SHOW BINARY LOGS"));
  if (files.empty()) return facts;
  const std::string oldest = files[0].at(0).value_or("");
  TAILRACE_ASSIGN(auto purged, mariadb_gtids_at(connection, oldest, "4"));
  if (!purged) return retry("source.purging", "the oldest binlog has just been removed");
  facts.purged = std::move(*purged);
  return facts;
}

Result<void> read_places(mysql::Connection& connection, ServerFacts& facts) {
  TAILRACE_ASSIGN(facts.end, read_binlog_end(connection));
  facts.executed = set_at(facts.uuid, facts.end);
  TAILRACE_ASSIGN(const auto files, connection.query("SHOW BINARY LOGS"));
  facts.purged = GtidSet();
  if (files.empty()) return {};
  const std::string oldest = files[0].at(0).value_or("");
  if (oldest.ends_with(".000001")) return {};
  facts.purged = set_at(facts.uuid, {oldest, 0});
  return {};
}

}  // namespace

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

GtidSet set_at(const std::string& server_uuid, const BinlogPosition& place) {
  const std::size_t dot = place.file.rfind('.');
  std::uint64_t file = 0;
  if (dot != std::string::npos) {
    std::from_chars(place.file.data() + dot + 1, place.file.data() + place.file.size(), file);
  }
  constexpr unsigned offset_bits = 40;
  const std::uint64_t number = (file << offset_bits) | place.offset;
  const std::uint64_t last = std::max<std::uint64_t>(number, 1);
  auto set = GtidSet::parse(server_uuid + ":1-" + std::to_string(last));
  return set ? std::move(*set) : GtidSet();
}

Result<GtidSet> read_executed(mysql::Connection& connection) {
  if (!connection.version().mariadb) {
    TAILRACE_ASSIGN(const ServerFacts facts, read_server_facts(connection));
    return facts.executed;
  }
  TAILRACE_ASSIGN(const std::string text, connection.scalar("SELECT @@GLOBAL.gtid_binlog_pos"));
  return GtidSet::parse(text);
}

Result<ServerFacts> read_server_facts(mysql::Connection& connection) {
  if (connection.version().mariadb) return read_mariadb_facts(connection);
  TAILRACE_ASSIGN(const auto rows,
                  connection.query("SELECT @@GLOBAL.server_uuid, @@GLOBAL.gtid_executed, "
                                   "@@GLOBAL.gtid_purged, @@GLOBAL.lower_case_table_names, "
                                   "@@GLOBAL.gtid_mode"));
  if (rows.size() != 1) return halt("source.query", "the server does not answer about itself");
  ServerFacts facts;
  facts.uuid = rows[0][0].value_or("");
  TAILRACE_ASSIGN(facts.executed, GtidSet::parse(rows[0][1].value_or("")));
  TAILRACE_ASSIGN(facts.purged, GtidSet::parse(rows[0][2].value_or("")));
  facts.ignore_table_case = rows[0][3].value_or("0") != "0";
  facts.by_gtid = rows[0][4].value_or("OFF") == "ON";
  if (!facts.by_gtid) TAILRACE_TRY(read_places(connection, facts));
  return facts;
}

// MySQL counts a transaction as executed when it can be seen. MariaDB counts it when it is written
// to the binlog, which is before that, but tells where in the binlog a snapshot lies.
Result<GtidSet> read_snapshot_start(mysql::Connection& connection, const ServerFacts& facts) {
  if (!connection.version().mariadb) return facts.executed;
  TAILRACE_ASSIGN(const auto rows, connection.query("SHOW STATUS LIKE 'Binlog_snapshot_%'"));
  std::map<std::string, std::string> place;
  for (const mysql::Row& row : rows) place[row.at(0).value_or("")] = row.at(1).value_or("");
  const std::string& file = place["Binlog_snapshot_file"];
  if (file.empty()) {
    return halt("source.no_binlog", "the server writes no binlog; start it with --log-bin");
  }
  TAILRACE_ASSIGN(auto set, mariadb_gtids_at(connection, file, place["Binlog_snapshot_position"]));
  if (set) return std::move(*set);
  return retry("source.snapshot_restarted", "the binlog of the snapshot has just been removed");
}

Result<SourcePosition> read_position(mysql::Connection& connection,
                                     const std::optional<BinlogPosition>& place) {
  TAILRACE_ASSIGN(const ServerFacts facts, read_server_facts(connection));
  SourcePosition position;
  position.snapshot = SnapshotPhase::done;
  position.server_uuid = facts.uuid;
  if (!facts.by_gtid) {
    position.binlog = place.value_or(facts.end);
    position.gtid_set = set_at(facts.uuid, position.binlog);
    return position;
  }
  if (!place) {
    TAILRACE_ASSIGN(position.gtid_set, read_executed(connection));
    return position;
  }
  if (!connection.version().mariadb) {
    return halt(
        "source.start",
        "the server has GTIDs, and does not tell the set that " + place->text() +
            " stands for; write start: \"gtid:<set>\" (a binlog begins with the set of what "
            "was before it: mysqlbinlog shows it as Previous-GTIDs)");
  }
  TAILRACE_ASSIGN(auto set,
                  mariadb_gtids_at(connection, place->file, std::to_string(place->offset)));
  if (!set) return halt("source.start", "the server has no binlog place " + place->text());
  position.gtid_set = std::move(*set);
  return position;
}

std::string_view binlog_status_sql(const mysql::ServerVersion& version) {
  return !version.mariadb && version.at_least(8, 2) ? "SHOW BINARY LOG STATUS"
                                                    : "SHOW MASTER STATUS";
}

Result<BinlogPosition> read_binlog_end(mysql::Connection& connection) {
  TAILRACE_ASSIGN(const auto rows, connection.query(binlog_status_sql(connection.version())));
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
