#include "capture/snapshot.hpp"

#include <charconv>

#include "capture/key_chunks.hpp"
#include "capture/table_select.hpp"

namespace tailrace::capture {

using mysql::Connection;

Result<void> Snapshot::open(Connection& connection) {
  TAILRACE_TRY(connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
  TAILRACE_TRY(connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"));
  return estimate(connection);
}

Result<void> Snapshot::estimate(Connection& connection) {
  SnapshotProgress progress;
  progress.started = true;
  std::string names;
  for (const CapturedTable& table : tables_.tables()) {
    progress.tables.push_back({table.schema->id.table, 0, 0, false});
    names += (names.empty() ? "" : ", ") + connection.literal(table.schema->id.table);
  }
  if (!names.empty()) {
    TAILRACE_ASSIGN(const auto rows,
                    connection.query("SELECT table_name, table_rows FROM information_schema.tables "
                                     "WHERE table_schema = " +
                                     connection.literal(options_.database) +
                                     " AND table_name IN (" + names + ")"));
    for (const mysql::Row& row : rows) {
      const std::string count = row[1].value_or("0");
      for (TableProgress& table : progress.tables) {
        if (table.table != row[0].value_or("")) continue;
        std::from_chars(count.data(), count.data() + count.size(), table.rows_estimate);
      }
    }
  }
  const std::lock_guard lock(mutex_);
  progress_ = std::move(progress);
  return {};
}

SnapshotProgress Snapshot::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void Snapshot::count(std::size_t table, std::size_t rows, bool done) {
  const std::lock_guard lock(mutex_);
  progress_.tables[table].rows_done += rows;
  progress_.tables[table].done = done;
}

Result<void> Snapshot::read(Connection& connection, const Deliver& deliver) {
  for (const bool lookups : {true, false}) {
    for (std::size_t i = 0; i < tables_.tables().size(); ++i) {
      if (tables_.tables()[i].lookup != lookups) continue;
      TAILRACE_TRY(read_table(connection, i, deliver));
    }
  }
  TAILRACE_TRY(connection.execute("COMMIT"));
  const std::lock_guard lock(mutex_);
  progress_.finished = true;
  return {};
}

Result<void> Snapshot::read_table(Connection& connection, std::size_t table,
                                  const Deliver& deliver) {
  const CapturedTable& captured = tables_.tables()[table];
  const KeyChunks chunks(captured, options_.chunk_rows);
  auto rows = std::make_unique<SnapshotRows>(captured.schema);
  const auto hand_over = [&]() -> Result<void> {
    if (rows->rows() == 0) return {};
    count(table, rows->rows(), false);
    if (!deliver(std::move(rows))) return retry("source.stopped", "stopping");
    rows = std::make_unique<SnapshotRows>(captured.schema);
    return {};
  };
  std::string sql = chunks.first();
  while (!sql.empty()) {
    TAILRACE_TRY(connection.start_query(sql));
    sql.clear();
    std::size_t in_chunk = 0;
    while (true) {
      TAILRACE_ASSIGN(const auto row, connection.next_row());
      if (!row) break;
      TAILRACE_TRY(add_selected(*rows, *captured.schema, chunks.columns(), *row));
      if (chunks.chunked() && ++in_chunk == options_.chunk_rows) {
        sql = chunks.after(connection, *row);
      }
      if (rows->rows() >= options_.chunk_rows || rows->bytes() >= options_.chunk_bytes) {
        TAILRACE_TRY(hand_over());
      }
    }
  }
  TAILRACE_TRY(hand_over());
  count(table, 0, true);
  return {};
}

}  // namespace tailrace::capture
