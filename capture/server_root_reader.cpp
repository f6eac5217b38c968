#include "capture/server_root_reader.hpp"

#include <algorithm>

#include "capture/binlog/text_value.hpp"
#include "capture/server_facts.hpp"
#include "capture/table_select.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {
namespace {

using mysql::Connection;

constexpr int most_looks = 200;  // with 50 ms between them

bool is_bytes(ColumnKind kind) {
  return kind == ColumnKind::binary || kind == ColumnKind::varbinary || kind == ColumnKind::blob;
}

bool is_plain_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool digits = text.find_first_not_of("0123456789.") == std::string_view::npos;
  return digits && !text.empty() && std::count(text.begin(), text.end(), '.') <= 1 &&
         text.front() != '.' && text.back() != '.';
}

// A number is compared as one: with a text MySQL compares decimals as floating-point numbers.
std::string literal_of_plain(Connection& connection, const ColumnType& type,
                             const std::string& text) {
  if (is_bytes(type.kind)) {
    std::string bytes;
    decode_base64(text, bytes);
    return literal_of(connection, type, bytes);
  }
  return is_plain_number(text) && has_exact_literal(type) && !is_selected_as_bytes(type) &&
                 type.kind != ColumnKind::character && type.kind != ColumnKind::varchar
             ? text
             : connection.literal(text);
}

// All that was streamed must be seen. MySQL counts a transaction as executed when it is.
Result<void> wait_for(Connection& connection, const GtidSet& wanted) {
  for (int look = 0; look < most_looks; ++look) {
    TAILRACE_ASSIGN(const GtidSet executed, read_executed(connection));
    if (executed.contains(wanted)) return {};
    TAILRACE_TRY(connection.scalar("SELECT SLEEP(0.05)"));
  }
  return retry("import.behind", "the server does not show yet what its binlog has told already");
}

Result<void> open_snapshot(Connection& connection) {
  TAILRACE_TRY(connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
  return connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
}

// MariaDB counts a transaction before others may see it, but tells where a snapshot lies.
Result<void> open_snapshot_behind(Connection& connection, const GtidSet& wanted,
                                  const ServerFacts& facts) {
  if (!connection.version().mariadb) {
    TAILRACE_TRY(wait_for(connection, wanted));
    return open_snapshot(connection);
  }
  for (int look = 0; look < most_looks; ++look) {
    TAILRACE_TRY(open_snapshot(connection));
    TAILRACE_ASSIGN(const GtidSet held, read_snapshot_start(connection, facts));
    if (held.contains(wanted)) return {};
    TAILRACE_TRY(connection.execute("ROLLBACK"));
    TAILRACE_TRY(connection.scalar("SELECT SLEEP(0.05)"));
  }
  return retry("import.behind", "the server does not show yet what its binlog has told already");
}

std::string condition(Connection& connection, const TableSchema& schema,
                      const std::vector<std::uint32_t>& columns,
                      const std::vector<std::vector<std::string>>& keys) {
  std::string names;
  for (const std::uint32_t column : columns) {
    names += (names.empty() ? "" : ", ") + mysql::quoted_name(schema.columns[column].name);
  }
  std::string sql = " WHERE (" + names + ") IN (";
  for (std::size_t k = 0; k < keys.size(); ++k) {
    sql += k == 0 ? "(" : ", (";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i != 0) sql += ", ";
      sql += literal_of_plain(connection, schema.columns[columns[i]].type, keys[k][i]);
    }
    sql += ")";
  }
  return sql + ")";
}

}  // namespace

Result<std::unique_ptr<ServerRootReader>> ServerRootReader::create(
    const BinlogSourceOptions& options) {
  TAILRACE_ASSIGN(CapturedTables tables, CapturedTables::build(options.tables, options.schemas));
  return std::unique_ptr<ServerRootReader>(new ServerRootReader(options.mysql, std::move(tables)));
}

ServerRootReader::~ServerRootReader() { give_up(); }

void ServerRootReader::give_up() {
  if (interrupter_) interrupter_->interrupt();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  outcome_.reset();
}

void ServerRootReader::begin(RootRequest request) {
  give_up();
  interrupter_ = std::make_shared<mysql::Interrupter>();
  thread_ = std::jthread([this, request = std::move(request), wake = interrupter_] {
    auto outcome = read(request, wake);
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
  });
}

Result<std::optional<RootRows>> ServerRootReader::poll() {
  std::optional<Result<RootRows>> outcome;
  {
    const std::lock_guard lock(mutex_);
    outcome = std::exchange(outcome_, std::nullopt);
  }
  if (!outcome) return std::nullopt;
  TAILRACE_ASSIGN(RootRows rows, std::move(*outcome));
  return std::optional(std::move(rows));
}

Result<Value> ServerRootReader::key_value(const ColumnType& type, std::string_view text,
                                          Arena& arena) const {
  const auto bad = [&] {
    return dead_letter("import.bad_id", "'" + std::string(text) + "' is no value of the key");
  };
  if (is_bytes(type.kind)) {
    std::string bytes;
    if (!decode_base64(text, bytes)) return bad();
    return Value::text(ValueKind::bytes, arena.copy(bytes));
  }
  auto value = value_from_text(type, arena.copy(text), arena);
  return value ? std::move(value) : Result<Value>(bad());
}

Result<RootRows> ServerRootReader::read(const RootRequest& request,
                                        std::shared_ptr<mysql::Interrupter> wake) const {
  TAILRACE_ASSIGN(Connection connection,
                  Connection::connect(options_, mysql::Use::snapshot, std::move(wake)));
  TAILRACE_ASSIGN(const ServerFacts facts, read_server_facts(connection));
  if (!facts.by_gtid) {
    return halt("import.no_gtids",
                "a MySQL without GTIDs does not tell what a snapshot holds; set gtid_mode=ON, or "
                "start over with a new first load");
  }
  if (facts.uuid != request.read.server_uuid) {
    return retry("import.other_server", "another server answers than the one that is streamed");
  }
  TAILRACE_TRY(open_snapshot_behind(connection, request.read.gtid_set, facts));
  RootRows rows;
  rows.server_uuid = facts.uuid;
  // A visible transaction may be missing in MySQL's set of executed ones, but not in its binlog;
  // MariaDB counts it with its binlog.
  if (connection.version().mariadb) {
    TAILRACE_ASSIGN(rows.high_set, read_executed(connection));
  } else {
    TAILRACE_ASSIGN(rows.high, read_binlog_end(connection));
  }
  for (const RootTable& table : request.tables) {
    TAILRACE_ASSIGN(auto read, read_table(connection, table, request));
    rows.tables.push_back(std::move(read));
  }
  TAILRACE_TRY(connection.execute("COMMIT"));
  return rows;
}

Result<std::unique_ptr<RowStream>> ServerRootReader::read_table(Connection& connection,
                                                                const RootTable& table,
                                                                const RootRequest& request) const {
  const auto& all = tables_.tables();
  const auto captured = std::find_if(all.begin(), all.end(), [&](const CapturedTable& one) {
    return one.schema->id.table == table.table;
  });
  if (captured == all.end()) return halt("import.no_table", "no table " + table.table + " here");
  const TableSchema& schema = *captured->schema;
  std::vector<std::uint32_t> keys;
  for (const std::string& name : table.columns) {
    const auto at = std::find_if(schema.columns.begin(), schema.columns.end(),
                                 [&](const Column& column) { return column.name == name; });
    if (at == schema.columns.end()) {
      return halt("import.no_column", "table " + table.table + " has no column " + name);
    }
    keys.push_back(static_cast<std::uint32_t>(at - schema.columns.begin()));
  }
  const std::vector<std::uint32_t> columns = columns_read(*captured);
  TAILRACE_TRY(connection.start_query(select_of(schema, columns) +
                                      condition(connection, schema, keys, request.keys)));
  auto rows = std::make_unique<SnapshotRows>(captured->schema);
  while (true) {
    TAILRACE_ASSIGN(const auto row, connection.next_row());
    if (!row) break;
    TAILRACE_TRY(add_selected(*rows, schema, columns, *row));
  }
  return std::unique_ptr<RowStream>(std::move(rows));
}

}  // namespace tailrace::capture
