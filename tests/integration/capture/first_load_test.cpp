#include <atomic>
#include <thread>

#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

using FirstLoad = ServerTest;

// The rows as the server itself tells them: key → text.
std::map<std::string, std::string> rows_of(Database& database, const std::string& sql) {
  std::map<std::string, std::string> rows;
  for (const mysql::Row& row : must(database.root().query(sql))) {
    rows[row[0].value_or("")] = row[1].value_or("");
  }
  return rows;
}

TEST_F(FirstLoad, BeginsWithItsPositionAndEndsWhenTheStreamPassesIt) {
  Database database("cap_load");
  database.run_all({"CREATE TABLE orders (id INT PRIMARY KEY)",
                    "CREATE TABLE users (id INT PRIMARY KEY)",
                    "INSERT INTO orders VALUES (1), (2), (3), (4), (5)",
                    "INSERT INTO users VALUES (7)"});
  BinlogSourceOptions options = database.source(
      {{.table = "orders", .newest_first = true}, {.table = "users", .lookup = true}});
  options.mysql.snapshot_chunk_rows = 2;
  const GtidSet low = database.executed();
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  ASSERT_GE(reading.heads.size(), 6u);
  EXPECT_EQ(reading.heads[0].kind, TransactionKind::position_only);
  EXPECT_EQ(reading.heads[0].position.snapshot, SnapshotPhase::reading);
  EXPECT_EQ(reading.heads[0].position.gtid_set, low);
  EXPECT_EQ(reading.heads[1].kind, TransactionKind::snapshot_rows);
  EXPECT_EQ(reading.heads[1].position.snapshot, SnapshotPhase::reading);
  EXPECT_EQ(reading.kinds[TransactionKind::snapshot_rows], 4);
  EXPECT_EQ(reading.kinds[TransactionKind::snapshot_end], 1);
  EXPECT_EQ(reading.heads[5].position.snapshot, SnapshotPhase::catching_up);
  EXPECT_TRUE(reading.heads[5].position.snapshot_high.known());
  EXPECT_EQ(reading.tables["orders"].size(), 5u);
  const SnapshotProgress progress = reading.source().progress();
  EXPECT_TRUE(progress.finished);
  ASSERT_EQ(progress.tables.size(), 2u);
  EXPECT_EQ(progress.tables[0].rows_done, 5u);
  EXPECT_TRUE(progress.tables[1].done);
}

TEST_F(FirstLoad, ReadsEveryRowOfCompositeAndAwkwardKeys) {
  if (!is_modern()) GTEST_SKIP() << "its rows are made by WITH RECURSIVE";
  Database database("cap_keys");
  const std::string numbers = "WITH RECURSIVE s AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM s "
                              "WHERE n < 299) ";
  database.run_all({
      "CREATE TABLE pair (a VARCHAR(20), b DATETIME(3), c BINARY(4), v INT, PRIMARY KEY (a, b, c))",
      "CREATE TABLE wide (e ENUM('z','a','m'), n DECIMAL(10,3), PRIMARY KEY (e, n))",
      "CREATE TABLE uni (s VARCHAR(50) PRIMARY KEY, v INT)",
      "INSERT INTO pair " + numbers + "SELECT CONCAT('k', n % 7), '2026-01-01' + INTERVAL n % 11 "
      "SECOND, UNHEX(LPAD(HEX(n), 8, '0')), n FROM s",
      "INSERT INTO wide " + numbers + "SELECT 1 + n % 3, n * 1.5 FROM s",
      "INSERT INTO uni " + numbers + "SELECT CONCAT(CHAR(0xEA, 0xB0, 0x80 + n % 60 USING utf8mb4), "
      "'''\\\\', n), n FROM s"});
  for (const bool newest : {false, true}) {
    BinlogSourceOptions options =
        database.source({{.table = "pair", .newest_first = newest},
                         {.table = "wide", .newest_first = newest},
                         {.table = "uni", .newest_first = newest}});
    options.mysql.snapshot_chunk_rows = 7;
    Reading reading(options);
    reading.start();
    ASSERT_TRUE(reading.read_until(database.executed(), 20));
    for (const char* table : {"pair", "wide", "uni"}) {
      EXPECT_EQ(reading.tables[table].size(), 300u) << table;
    }
    EXPECT_EQ(reading.rows, 900u);
  }
}

TEST_F(FirstLoad, AgreesWithTheServerUnderConcurrentWrites) {
  if (!is_modern()) GTEST_SKIP() << "its rows are made by WITH RECURSIVE";
  Database database("cap_race");
  database.allow_recursion(100000);
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50))",
                    "INSERT INTO t WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM "
                    "s WHERE n < 20000) SELECT n, CONCAT('v', n) FROM s"});
  std::atomic<bool> stop = false;
  std::vector<std::jthread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      mysql::Connection connection = database.another();
      for (int i = 0; !stop; ++i) {
        const std::string id = std::to_string((i * 7919 + w * 31) % 25000);
        static_cast<void>(connection.execute("DELETE FROM t WHERE id = " + id));
        static_cast<void>(connection.execute("REPLACE INTO t VALUES (" + id + ", 'w" +
                                             std::to_string(i) + "')"));
        static_cast<void>(connection.execute("UPDATE t SET v = CONCAT(v, 'x') WHERE id BETWEEN " +
                                             id + " AND 5 + " + id + " AND LENGTH(v) < 40"));
        static_cast<void>(connection.execute("DELETE FROM t WHERE id = 3 + " + id));
      }
    });
  }
  BinlogSourceOptions options = database.source({{.table = "t"}});
  options.mysql.snapshot_chunk_rows = 100;
  Reading reading(options);
  reading.start();
  for (int i = 0; i < 2000 && reading.position.snapshot != SnapshotPhase::done; ++i) {
    ASSERT_TRUE(reading.step());
  }
  stop = true;
  writers.clear();
  ASSERT_TRUE(reading.read_until(database.executed(), 60));
  const auto expected =
      rows_of(database, "SELECT id, CONCAT('{\"id\":', id, ',\"v\":\"', v, '\"}') FROM t");
  EXPECT_EQ(reading.tables["t"].size(), expected.size());
  std::size_t different = 0;
  for (const auto& [key, row] : reading.tables["t"]) {
    const auto found = expected.find(key.substr(1));  // behind its length
    if (found == expected.end() || found->second != row) ++different;
  }
  EXPECT_EQ(different, 0u);
}

TEST_F(FirstLoad, StartedAgainStreamsFromItsFirstPosition) {
  Database database("cap_again");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY, v INT)",
                    "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"});
  BinlogSourceOptions options = database.source({{.table = "t"}});
  SourcePosition reading_phase;
  {
    Reading first(options);
    first.start();
    while (first.kinds[TransactionKind::snapshot_rows] == 0) ASSERT_TRUE(first.step());
    reading_phase = first.heads[0].position;
  }
  database.run_all({"DELETE FROM t WHERE id = 1", "UPDATE t SET v = 20 WHERE id = 2"});
  Reading second(options);
  second.start(reading_phase);
  ASSERT_TRUE(second.read_until(database.executed(), 20));
  EXPECT_EQ(second.heads[0].position.gtid_set, reading_phase.gtid_set);
  EXPECT_EQ(second.tables["t"].size(), 2u);
  EXPECT_EQ(second.rows, 4u) << "two rows of the snapshot, then the changes since the first one";
}

TEST_F(FirstLoad, LeftWhileCatchingUpGoesOn) {
  Database database("cap_catch");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  BinlogSourceOptions options = database.source({{.table = "t"}});
  SourcePosition catching;
  {
    Reading first(options);
    first.start();
    while (first.position.snapshot != SnapshotPhase::catching_up) ASSERT_TRUE(first.step());
    catching = first.position;
  }
  Reading second(options);
  second.start(catching);
  ASSERT_TRUE(second.read_until(database.executed(), 20));
  EXPECT_EQ(second.kinds[TransactionKind::snapshot_rows], 0);
  EXPECT_EQ(second.kinds[TransactionKind::snapshot_end], 1);
}

}  // namespace
}  // namespace tailrace::capture::testing
