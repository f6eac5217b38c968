#include <sys/resource.h>

#include <algorithm>

#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

using Transactions = ServerTest;

std::size_t count(const Reading& reading, const std::string& table) {
  const auto found = reading.tables.find(table);
  return found == reading.tables.end() ? 0 : found->second.size();
}

TEST_F(Transactions, ShowOnlyWhatWasCommitted) {
  Database database("cap_rollback");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY, v INT)",
                    "CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM"});
  Reading reading(database.source({{.table = "t"}, {.table = "m"}}));
  const GtidSet before = database.executed();
  database.run_all({
      "BEGIN", "INSERT INTO t VALUES (1, 1)", "SAVEPOINT a", "INSERT INTO t VALUES (2, 2)",
      "ROLLBACK TO a", "INSERT INTO t VALUES (3, 3)", "COMMIT",
      "BEGIN", "INSERT INTO t VALUES (4, 4)", "ROLLBACK",
      "INSERT INTO m VALUES (1)",
      "BEGIN", "INSERT INTO t VALUES (5, 5)", "ROLLBACK",
      "INSERT INTO t VALUES (1, 9) ON DUPLICATE KEY UPDATE v = 10",
      "REPLACE INTO t VALUES (3, 30)", "UPDATE t SET id = 33 WHERE id = 3",
      "DELETE FROM t WHERE id = 1",
  });
  reading.start_after(before);
  ASSERT_TRUE(reading.read_until(database.executed()));
  EXPECT_EQ(reading.tables["t"].size(), 1u);
  EXPECT_EQ(reading.tables["t"].begin()->second, R"({"id":33,"v":30})");
  EXPECT_EQ(count(reading, "m"), 1u);
  const auto rows = std::find_if(reading.heads.begin(), reading.heads.end(), [](const auto& head) {
    return head.kind == TransactionKind::rows;
  });
  ASSERT_NE(rows, reading.heads.end());
  EXPECT_FALSE(rows->gtid.empty());
  EXPECT_GT(rows->commit_time_us, 1'700'000'000'000'000);
}

TEST_F(Transactions, OfUnmappedTablesOnlyMoveThePosition) {
  Database database("cap_skip");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)",
                    "CREATE TABLE other (id INT PRIMARY KEY)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  for (int i = 0; i < 50; ++i) database.run("INSERT INTO other VALUES (" + std::to_string(i) + ")");
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  EXPECT_EQ(reading.kinds[TransactionKind::rows], 0);
  EXPECT_GE(reading.kinds[TransactionKind::position_only], 1);
  EXPECT_EQ(reading.skipped, 50u);
  database.run_all({"INSERT INTO other VALUES (1000)", "INSERT INTO t VALUES (1)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  EXPECT_EQ(reading.kinds[TransactionKind::rows], 1);
  EXPECT_EQ(reading.skipped, 51u);
}

TEST_F(Transactions, OfSeveralTablesKeepTheirOrder) {
  Database database("cap_order");
  database.run_all({"CREATE TABLE a (id INT PRIMARY KEY, v INT)",
                    "CREATE TABLE b (id INT PRIMARY KEY)",
                    "CREATE TABLE hidden_one (id INT PRIMARY KEY)"});
  Reading reading(database.source({{.table = "a"}, {.table = "b"}}));
  reading.start_after(database.executed());
  database.run_all({"BEGIN", "INSERT INTO a VALUES (1, 1), (2, 2)",
                    "INSERT INTO hidden_one VALUES (1)",
                    "INSERT INTO b VALUES (1)", "UPDATE a SET v = v + 1",
                    "INSERT INTO a VALUES (3, 3)", "COMMIT"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  EXPECT_EQ(reading.kinds[TransactionKind::rows], 1);
  EXPECT_EQ(reading.rows, 6u);
  EXPECT_EQ(count(reading, "a"), 3u);
}

TEST_F(Transactions, OfAnySizePassInBoundedMemory) {
  if (!is_modern()) GTEST_SKIP() << "its rows are made by WITH RECURSIVE";
  Database database("cap_large");
  database.allow_recursion(1000000);
  database.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(400))");
  BinlogSourceOptions options = database.source({{.table = "t"}});
  options.mysql.spool_above_bytes = 8u << 20;
  auto source = must(BinlogSource::create(options));
  SourcePosition from;
  from.gtid_set = database.executed();
  from.snapshot = SnapshotPhase::done;
  database.run("INSERT INTO t WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s "
               "WHERE n < 200000) SELECT n, REPEAT('x', 380) FROM s");
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  must(source->start(from));
  std::optional<Transaction> large;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!large && std::chrono::steady_clock::now() < deadline) {
    large = must(source->next(deadline));
    if (large && !large->rows) large.reset();
  }
  ASSERT_TRUE(large);
  EXPECT_GT(large->rows->bytes(), 70u << 20);
  for (int pass = 0; pass < 2; ++pass) {
    std::uint64_t rows = 0;
    std::uint64_t sum = 0;
    while (true) {
      const auto batch = must(large->rows->next());
      if (batch.empty()) break;
      for (const RowChange& change : batch) {
        EXPECT_EQ(change.index, rows++);
        sum += change.after[0].as_uint64();
      }
    }
    EXPECT_EQ(rows, 200000u);
    EXPECT_EQ(sum, 200000ull * 200001 / 2);
    must(large->rows->rewind());
  }
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024) << "KiB";
}

TEST_F(Transactions, MayBeCompressed) {
  if (!is_modern()) GTEST_SKIP() << "MySQL 5.6 does not compress";
  if (on_mariadb()) GTEST_SKIP() << "MariaDB compresses single events";
  Database database("cap_payload");
  database.run("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  database.run_all({"SET SESSION binlog_transaction_compression = ON", "BEGIN"});
  for (int i = 0; i < 200; ++i) {
    database.run("INSERT INTO t VALUES (" + std::to_string(i) + ", REPEAT('abc ', 500))");
  }
  database.run_all({"UPDATE t SET v = 'short' WHERE id < 100", "COMMIT"});
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  EXPECT_EQ(reading.rows, 300u);
  EXPECT_EQ(count(reading, "t"), 200u);
}

TEST_F(Transactions, MayCarryTags) {
  if (!is_modern()) GTEST_SKIP() << "MySQL 5.6 has no tags";
  if (on_mariadb()) GTEST_SKIP() << "MariaDB has domains instead";
  Database database("cap_tags");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  database.run_all({"SET SESSION gtid_next = 'AUTOMATIC:tail'", "INSERT INTO t VALUES (1)",
                    "SET SESSION gtid_next = 'AUTOMATIC'", "INSERT INTO t VALUES (2)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  EXPECT_EQ(count(reading, "t"), 2u);
  EXPECT_NE(reading.position.gtid_set.text().find(":tail:"), std::string::npos);
  // The tagged form of the set positions a new stream.
  Reading again(database.source({{.table = "t"}}));
  again.start_after(reading.position.gtid_set);
  database.run("INSERT INTO t VALUES (3)");
  ASSERT_TRUE(again.read_until(database.executed(), 10));
  EXPECT_EQ(count(again, "t"), 1u);
}

TEST_F(Transactions, OfXaCommittedInOnePhaseAreReadAtOnce) {
  Database database("cap_xa");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  database.run_all({"XA START 'one'", "INSERT INTO t VALUES (1)", "XA END 'one'",
                    "XA COMMIT 'one' ONE PHASE",
                    "XA START 'u'", "INSERT INTO u VALUES (1)", "XA END 'u'", "XA PREPARE 'u'",
                    "XA COMMIT 'u'"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  EXPECT_EQ(count(reading, "t"), 1u);
  EXPECT_TRUE(reading.position.prepared.empty());
}

TEST_F(Transactions, InStatementFormatStopForMappedTablesOnly) {
  Database database("cap_statement");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  database.run_all({"SET SESSION binlog_format = STATEMENT", "INSERT INTO u VALUES (1)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  database.run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(reading.read_until_halted(10), "source.statement_format");
  const bool forgets = on_mariadb() || !is_modern();
  const char* cure = forgets ? "SET GLOBAL binlog_format" : "SET PERSIST binlog_format";
  EXPECT_NE(reading.error->message.find(cure), std::string::npos);
}

TEST_F(Transactions, WithPartialRowsStop) {
  Database database("cap_minimal");
  database.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  database.run_all({"SET SESSION binlog_row_image = MINIMAL", "INSERT INTO t VALUES (1, 1)",
                    "UPDATE t SET v = 2"});
  EXPECT_EQ(reading.read_until_halted(10), "source.row_image");
}

TEST_F(Transactions, TellStatementsThatChangeWholeTables) {
  if (!is_modern()) GTEST_SKIP() << "MySQL 5.6 has no RENAME COLUMN";
  Database database("cap_ddl");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)",
                    "CREATE TABLE u (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1, 1, 1)"});
  Reading reading(database.source({{.table = "t", .columns = {"a"}}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  const std::string other = "`" + database.name() + "`.`u`";
  database.run_all({"TRUNCATE TABLE t", "INSERT INTO t VALUES (2, 2, 2)", "TRUNCATE u",
                    "ALTER TABLE t ADD COLUMN first_one INT FIRST, ADD COLUMN z INT DEFAULT 5",
                    "INSERT INTO t (id, a, b) VALUES (3, 3, 3)",
                    "ALTER TABLE t MODIFY a BIGINT UNSIGNED",
                    "UPDATE t SET a = 18446744073709551615 WHERE id = 3", "DROP TABLE " + other});
  ASSERT_TRUE(reading.read_until(database.executed(), 10)) << reading.error->message;
  ASSERT_EQ(reading.table_events.size(), 3u);
  EXPECT_EQ(reading.table_events[0].kind, TableEventKind::truncate);
  EXPECT_EQ(reading.table_events[1].kind, TableEventKind::definition_changed);
  EXPECT_EQ(reading.table_events[1].added, (std::vector<std::string>{"first_one", "z"}));
  EXPECT_EQ(reading.table_events[2].changed, std::vector<std::string>{"a"});
  EXPECT_EQ(reading.tables["t"].size(), 2u);
  EXPECT_EQ(reading.tables["t"].begin()->second, R"({"id":2,"a":2})");
  EXPECT_EQ(reading.tables["t"].rbegin()->second, R"({"id":3,"a":18446744073709551615})");
  database.run_all({"ALTER TABLE t DROP COLUMN b", "INSERT INTO t (id, a) VALUES (4, 4)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10)) << "a column that nobody uses";
  EXPECT_EQ(reading.table_events[3].dropped, std::vector<std::string>{"b"});
  database.run_all({"ALTER TABLE t RENAME COLUMN a TO c", "INSERT INTO t (id, c) VALUES (5, 5)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10)) << "what is done is a policy";
  EXPECT_EQ(reading.table_events[4].changed, std::vector<std::string>{"a"});
  EXPECT_EQ(reading.tables["t"].rbegin()->second, R"({"id":5})");
  database.run_all({"SET SESSION sql_log_bin = 0", "ALTER TABLE t RENAME COLUMN c TO d",
                    "SET SESSION sql_log_bin = 1", "ALTER TABLE t ADD COLUMN a INT",
                    "INSERT INTO t (id, a) VALUES (6, 6)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  database.run_all({"SET SESSION sql_log_bin = 0", "ALTER TABLE t DROP COLUMN a",
                    "SET SESSION sql_log_bin = 1", "INSERT INTO t (id) VALUES (7)"});
  EXPECT_EQ(reading.read_until_halted(10), "source.schema_changed") << "the binlog knows nothing";
}

}  // namespace
}  // namespace tailrace::capture::testing
