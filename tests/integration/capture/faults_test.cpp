#include <cstdlib>
#include <thread>

#include "capture/server_facts.hpp"
#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

using Faults = ServerTest;

bool stack(const std::string& command) {
  const char* folder = std::getenv("TAILRACE_STACK_DIR");
  if (!folder) return false;
  const std::string line = std::string(TAILRACE_SOURCE_DIR) + "/tests/stack/stack " + command +
                           " --dir " + folder + " " + server_name() + " >/dev/null 2>&1";
  return std::system(line.c_str()) == 0;  // NOLINT(cert-env33-c): a test's own tool
}

// Ends every dump thread of the server.
void kill_dumps(Database& database) {
  for (const mysql::Row& row : must(database.root().query("SHOW PROCESSLIST"))) {
    if (!row.at(4).value_or("").starts_with("Binlog Dump")) continue;  // Command
    static_cast<void>(database.root().execute("KILL " + row[0].value_or("0")));
  }
}

TEST_F(Faults, KilledDumpIsTakenUpAgain) {
  Database database("cap_kill");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  for (int i = 0; i < 5; ++i) {
    database.run("INSERT INTO t VALUES (" + std::to_string(i) + ")");
    ASSERT_TRUE(reading.read_until(database.executed(), 20));
    kill_dumps(database);
  }
  EXPECT_EQ(reading.tables["t"].size(), 5u);
  EXPECT_EQ(reading.rows, 5u);
  EXPECT_GE(reading.retries, 3);
}

TEST_F(Faults, RestartedServerIsReadOn) {
  Database database("cap_restart");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  database.run("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  if (!stack("restart")) GTEST_SKIP() << "TAILRACE_STACK_DIR is not set";
  mysql::Connection again = database.another();
  must(again.execute("INSERT INTO t VALUES (2)"));
  ASSERT_TRUE(reading.read_until(must(read_executed(again)), 60));
  EXPECT_EQ(reading.tables["t"].size(), 2u);
  EXPECT_EQ(reading.rows, 2u);
}

TEST_F(Faults, SecondReaderTakesOver) {
  Database database("cap_takeover");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  const BinlogSourceOptions options = database.source({{.table = "t"}});
  Reading first(options);
  first.start_after(database.executed());
  database.run("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(first.read_until(database.executed(), 20));
  Reading second(options);
  second.start_after(first.position.gtid_set);
  database.run("INSERT INTO t VALUES (2)");
  ASSERT_TRUE(second.read_until(database.executed(), 20));
  EXPECT_EQ(first.read_until_halted(20), "source.taken_over");
  EXPECT_FALSE(second.read_until_halted(1) == "source.taken_over");
}

TEST_F(Faults, ServerWithoutOurTransactionsIsRefused) {
  Database database("cap_diverged");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  SourcePosition from;
  from.snapshot = SnapshotPhase::done;
  const std::string foreign =
      on_mariadb() ? "77-77-100000" : "11111111-2222-3333-4444-555555555555:1-100000";
  from.gtid_set = must(GtidSet::parse(foreign));
  from.gtid_set.add(database.executed());
  const auto started = reading.source().start(from);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.diverged");
  EXPECT_NE(started.error().message.find(foreign), std::string::npos);
}

// RESET is also what a server looks like that was restored from an older backup.
// GTIDs count from 1 again after a RESET, and may have passed what was read.
TEST_F(Faults, BinlogsThatBeganAnewAreRefusedAlthoughTheirNumbersAreHigher) {
  Database database("cap_anew");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  SourcePosition position = reading.position;
  const std::size_t dot = position.binlog.file.rfind('.');
  ASSERT_NE(dot, std::string::npos);
  position.binlog.file.replace(dot + 1, std::string::npos, "900000");
  Reading again(database.source({{.table = "t"}}));
  const auto started = again.source().start(position);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.diverged");
  EXPECT_NE(started.error().message.find("900000"), std::string::npos) << started.error().message;
}

TEST_F(Faults, ServerThatLostItsHistoryIsRefused) {
  Database database("cap_reset");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  database.run("INSERT INTO t VALUES (1)");
  const GtidSet read = database.executed();
  ASSERT_TRUE(reading.read_until(read, 20));
  // Not while a dump reads the files that go.
  for (int i = 0; i < 100; ++i) {
    kill_dumps(database);
    const auto reset = database.root().execute(
        on_mariadb() || !is_modern() ? "RESET MASTER" : "RESET BINARY LOGS AND GTIDS");
    if (reset) break;
    ASSERT_LT(i, 99) << reset.error().message;
    std::this_thread::sleep_for(Milliseconds(50));
  }
  EXPECT_EQ(reading.read_until_halted(60), "source.diverged");
  ASSERT_TRUE(reading.error);
  EXPECT_NE(reading.error->message.find(read.text()), std::string::npos) << reading.error->message;
  EXPECT_EQ(reading.rows, 1u);
}

// What fills a gap later is read then; what is behind the gap is not read again.
TEST_F(Faults, GapsInWhatWasReadAreFilledAndNothingIsReadTwice) {
  if (on_mariadb()) GTEST_SKIP() << "its positions have no gaps";
  Database database("cap_gaps");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  const std::string uuid = database.scalar("SELECT UUID()");
  const auto insert = [&](int number) {
    database.run_all({"SET gtid_next = '" + uuid + ":" + std::to_string(number) + "'",
                      "INSERT INTO t VALUES (" + std::to_string(number) + ")",
                      "SET gtid_next = AUTOMATIC"});
  };
  for (const int number : {5000, 5001, 7000}) insert(number);
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  for (const int number : {6000, 4999, 8000}) insert(number);
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  EXPECT_EQ(reading.rows, 3u);
  const Reading::Table& rows = reading.tables["t"];
  EXPECT_EQ(rows.size(), 3u);
  for (const auto& [key, row] : rows) {
    EXPECT_TRUE(row.find("6000") != std::string::npos || row.find("4999") != std::string::npos ||
                row.find("8000") != std::string::npos)
        << row;
  }
  // And again from what is saved now.
  Reading next(database.source({{.table = "t"}}));
  next.start_after(reading.position.gtid_set);
  insert(6500);
  ASSERT_TRUE(next.read_until(database.executed(), 20));
  EXPECT_EQ(next.rows, 1u);
}

TEST_F(Faults, PositionsOfTheOtherFlavourAreRefused) {
  Database database("cap_flavour");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  SourcePosition from;
  from.snapshot = SnapshotPhase::done;
  from.gtid_set =
      must(GtidSet::parse(on_mariadb() ? "11111111-2222-3333-4444-555555555555:1-5" : "0-1-5"));
  const auto started = reading.source().start(from);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.diverged");
}

TEST_F(Faults, PurgedBinlogsAreNoticed) {
  Database database("cap_purged");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)"});
  const GtidSet before = database.executed();
  database.run_all({"INSERT INTO t VALUES (1)", "FLUSH BINARY LOGS"});
  const auto rows = must(database.root().query(binlog_status_sql(database.root().version())));
  // A file that a dump of an earlier test still reads stays.
  for (int i = 0; i < 100; ++i) {
    kill_dumps(database);
    database.run("PURGE BINARY LOGS TO " + database.root().literal(rows[0][0].value_or("")));
    if (must(database.root().query("SHOW BINARY LOGS")).size() == 1) break;
    std::this_thread::sleep_for(Milliseconds(50));
  }
  Reading reading(database.source({{.table = "t"}}));
  SourcePosition from;
  from.snapshot = SnapshotPhase::done;
  from.gtid_set = before;
  const auto started = reading.source().start(from);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.purged");
}

TEST_F(Faults, StopEndsAWaitAtOnce) {
  Database database("cap_stop");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    reading.source().request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(1)) {
    static_cast<void>(reading.source().next(begin + std::chrono::seconds(30)));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(Faults, RotationsDoNotDisturb) {
  Database database("cap_rotate");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  for (int i = 0; i < 40; ++i) {
    database.run("INSERT INTO t VALUES (" + std::to_string(i) + ")");
    database.run("FLUSH BINARY LOGS");
  }
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  EXPECT_EQ(reading.tables["t"].size(), 40u);
  EXPECT_EQ(reading.retries, 0);
}

}  // namespace
}  // namespace tailrace::capture::testing
