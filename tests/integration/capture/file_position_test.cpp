// A MySQL without GTIDs: places are files and offsets.
#include "capture/server_facts.hpp"
#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

class FilePosition : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (!server_is_configured()) return;
    if (on_mariadb()) GTEST_SKIP() << "MariaDB always has GTIDs";
    if (!is_modern()) GTEST_SKIP() << "MySQL 5.6 cannot switch while it runs";
    switch_to({"ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"});
  }
  void TearDown() override {
    if (server_is_configured() && !on_mariadb() && is_modern()) {
      switch_to({"OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"});
    }
  }

 private:
  static void switch_to(const std::vector<std::string>& steps) {
    Database server("cap_mode");
    for (const std::string& step : steps) server.run("SET GLOBAL gtid_mode = " + step);
  }
};

TEST_F(FilePosition, StandsForEverythingReadBeforeIt) {
  Database database("cap_files");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  const BinlogSourceOptions options = database.source({{.table = "t"}});
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  database.run_all({"INSERT INTO t VALUES (2)", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (3)",
                    "CREATE TABLE elsewhere (id INT PRIMARY KEY)", "DROP TABLE elsewhere"});
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  EXPECT_EQ(reading.tables["t"].size(), 3u);
  EXPECT_EQ(reading.position.gtid_set.text(),
            set_at(reading.position.server_uuid, reading.position.binlog).text());

  Reading again(options);
  again.start(reading.position);
  database.run("INSERT INTO t VALUES (4)");
  ASSERT_TRUE(again.read_until(database.executed(), 30)) << again.error->message;
  EXPECT_EQ(again.rows, 1u);
  EXPECT_EQ(again.kinds[TransactionKind::snapshot_rows], 0);
  EXPECT_EQ(again.heads.back().gtid.find(again.position.binlog.file + ":"), 0u)
      << "people see the place";
}

TEST_F(FilePosition, HoldsWhatIsPreparedAcrossARestart) {
  Database database("cap_files_xa");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  const BinlogSourceOptions options = database.source({{.table = "t"}});
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  const std::string xid = "'p" + database.name() + "'";
  {
    auto session = database.another();
    for (const std::string& statement : {"XA START " + xid, std::string("INSERT INTO t VALUES (1)"),
                                         "XA END " + xid, "XA PREPARE " + xid}) {
      must(session.execute(statement));
    }
  }
  database.run("INSERT INTO t VALUES (2)");
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  EXPECT_EQ(reading.rows, 1u);
  Reading again(options);
  again.start(reading.position);
  database.run("XA COMMIT " + xid);
  ASSERT_TRUE(again.read_until(database.executed(), 30)) << again.error->message;
  EXPECT_EQ(again.rows, 1u);
  EXPECT_EQ(again.tables["t"].begin()->second, R"({"id":1})");
}

TEST_F(FilePosition, MayBeWhereAPipelineStarts) {
  Database database("cap_files_start");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  const BinlogPosition place = must(read_binlog_end(database.root()));
  database.run("INSERT INTO t VALUES (2)");
  const BinlogSourceOptions options = database.source({{.table = "t"}});
  Reading from_place(options);
  from_place.start(must(from_place.source().position_at(place)));
  ASSERT_TRUE(from_place.read_until(database.executed(), 30)) << from_place.error->message;
  EXPECT_EQ(from_place.rows, 1u);
  Reading from_now(options);
  from_now.start(must(from_now.source().position_at(std::nullopt)));
  database.run("INSERT INTO t VALUES (3)");
  ASSERT_TRUE(from_now.read_until(database.executed(), 30)) << from_now.error->message;
  EXPECT_EQ(from_now.tables["t"].begin()->second, R"({"id":3})");
  EXPECT_EQ(from_now.rows, 1u);
}

TEST_F(FilePosition, OfAnotherServerIsRefused) {
  Database database("cap_files_other");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  SourcePosition elsewhere;
  elsewhere.snapshot = SnapshotPhase::done;
  elsewhere.server_uuid = "11111111-2222-3333-4444-555555555555";
  elsewhere.binlog = {"binlog.000001", 157};
  elsewhere.gtid_set = set_at(elsewhere.server_uuid, elsewhere.binlog);
  const auto started = reading.source().start(elsewhere);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.diverged");
}

using StartAtAPlace = ServerTest;

TEST_F(StartAtAPlace, IsWhatMariadbKnowsTheGtidsOfAndMysqlDoesNot) {
  Database database("cap_place");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  const BinlogPosition place = must(read_binlog_end(database.root()));
  database.run("INSERT INTO t VALUES (2)");
  Reading reading(database.source({{.table = "t"}}));
  const auto position = reading.source().position_at(place);
  if (!on_mariadb()) {
    ASSERT_FALSE(position);
    EXPECT_EQ(position.error().code, "source.start");
    return;
  }
  ASSERT_TRUE(position) << position.error().message;
  reading.start(*position);
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  EXPECT_EQ(reading.rows, 1u);
}

}  // namespace
}  // namespace tailrace::capture::testing
