// What only MariaDB has. The other tests of this folder run on it too.
#include <atomic>
#include <thread>

#include "all_types.hpp"
#include "capture/server_facts.hpp"
#include "capture/snapshot.hpp"
#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

class Mariadb : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (!on_mariadb()) GTEST_SKIP() << "of MariaDB only";
  }
};

// A first load and the binlog must tell the same about the same rows.
TEST_F(Mariadb, SnapshotAndBinlogAgreeForEveryType) {
  for (const char* compressed : {"OFF", "ON"}) {
    Database database("cap_types");
    database.run_all({std::string("SET GLOBAL log_bin_compress = ") + compressed,
                      "SET GLOBAL log_bin_compress_min_len = 10", "SET SESSION sql_mode = ''"});
    const GtidSet before = database.executed();
    database.run_all(all_mariadb_types_table("t"));
    database.run("SET GLOBAL log_bin_compress = OFF");
    const BinlogSourceOptions options = database.source({{.table = "t", .booleans = {"flag"}}});
    Reading streamed(options);
    streamed.start_after(before);
    ASSERT_TRUE(streamed.read_until(database.executed())) << streamed.error->message;
    BinlogSourceOptions other = options;
    other.shard = "s1";
    Reading loaded(other);
    loaded.start();
    ASSERT_TRUE(loaded.read_until(database.executed())) << loaded.error->message;
    ASSERT_EQ(streamed.tables["t"].size(), 14u);
    for (const auto& [key, row] : loaded.tables["t"]) EXPECT_EQ(streamed.tables["t"][key], row);
    const std::string all = loaded.tables["t"]["\x14" "18446744073709551615"];
    for (const char* part : {"한국어 주문 🍗", R"("l1":"straße")", R"("hidden":7)", R"("u4":42)",
                             R"("j":{"a":[1,1.0,1e0,"x\ny",null,true],"한":{"z":1}})",
                             R"("jt":[1,2])", R"("no_json":"{\"not\": \"told\"}")",
                             R"("u":"00112233-4455-6677-8899-aabbccddee00")", R"("i6":"1::")"}) {
      EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
    }
  }
}

TEST_F(Mariadb, EveryDomainHasItsPlaceInThePosition) {
  Database database("cap_domains");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "SET SESSION gtid_domain_id = 11",
                    "INSERT INTO t VALUES (1)", "SET SESSION gtid_domain_id = 12",
                    "INSERT INTO t VALUES (2)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  database.run_all({"INSERT INTO t VALUES (3)", "SET SESSION gtid_domain_id = 11",
                    "INSERT INTO t VALUES (4)", "INSERT INTO t VALUES (5)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  EXPECT_EQ(reading.tables["t"].size(), 5u);
  EXPECT_EQ(reading.position.gtid_set.text(), database.executed().text());
  Reading again(database.source({{.table = "t"}}));
  again.start_after(reading.position.gtid_set);
  database.run("INSERT INTO t VALUES (6)");
  ASSERT_TRUE(again.read_until(database.executed(), 20));
  EXPECT_EQ(again.rows, 1u);
  database.run("SET SESSION gtid_domain_id = 0");
}

TEST_F(Mariadb, AlterInTwoPhasesIsToldOnce) {
  Database database("cap_phases");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  database.run_all({"SET SESSION binlog_alter_two_phase = ON", "ALTER TABLE t ADD COLUMN x INT",
                    "INSERT INTO t VALUES (2, 2)", "SET SESSION binlog_alter_two_phase = OFF"});
  ASSERT_TRUE(reading.read_until(database.executed(), 20)) << reading.error->message;
  EXPECT_EQ(reading.table_events.size(), 1u);
  EXPECT_EQ(reading.tables["t"].size(), 2u);
}

// With and without: the server decides, and says so in each FORMAT_DESCRIPTION.
TEST_F(Mariadb, ChecksumsMayBeSwitchedWhileItIsRead) {
  Database database("cap_checksum");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  Reading reading(database.source({{.table = "t"}}));
  reading.start_after(database.executed());
  std::size_t rows = 0;
  for (const char* checksum : {"NONE", "CRC32", "NONE"}) {
    database.run(std::string("SET GLOBAL binlog_checksum = ") + checksum);
    database.run("INSERT INTO t VALUES (" + std::to_string(++rows) + ")");
    EXPECT_TRUE(reading.read_until(database.executed(), 10)) << checksum;
  }
  Reading again(database.source({{.table = "t"}}));
  again.start();
  EXPECT_TRUE(again.read_until(database.executed(), 10));
  database.run("SET GLOBAL binlog_checksum = CRC32");
  EXPECT_EQ(reading.tables["t"].size(), rows);
  EXPECT_EQ(again.tables["t"].size(), rows);
}

TEST_F(Mariadb, DivergedHistoryIsRefused) {
  Database database("cap_diverged");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  Reading reading(database.source({{.table = "t"}}));
  // The server has the number, and a later one, but it was another server that wrote it.
  GtidSet position = database.executed();
  const std::string last = database.scalar("SELECT @@last_gtid");
  position.add(MariadbGtid{0, 4000000001, std::stoull(last.substr(last.rfind('-') + 1))});
  database.run("INSERT INTO t VALUES (2)");
  reading.start_after(position);
  EXPECT_EQ(reading.read_until_halted(20), "source.diverged");
}

TEST_F(Mariadb, SystemVersionedTablesAreRefused) {
  Database database("cap_versioned");
  database.run("CREATE TABLE t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING");
  Reading reading(database.source({{.table = "t"}}));
  const auto started = reading.source().start({});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.preflight");
  EXPECT_NE(started.error().message.find("run: ALTER TABLE `" + database.name() +
                                         "`.`t` DROP SYSTEM VERSIONING;"),
            std::string::npos) << started.error().message;
}

TEST_F(Mariadb, SettingsAreToldWithTheirCure) {
  Database database("cap_settings");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)",
                    "SET GLOBAL binlog_row_image = MINIMAL"});
  Reading reading(database.source({{.table = "t"}}));
  const auto started = reading.source().start({});
  database.run("SET GLOBAL binlog_row_image = FULL");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("run: SET GLOBAL binlog_row_image = 'FULL'; and the "
                                         "same in the server's configuration"),
            std::string::npos) << started.error().message;
}

TEST_F(Mariadb, PrivilegesOfARoleCount) {
  Database database("cap_role");
  const std::string user = "u" + database.name();
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE ROLE r_" + user,
                    "GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO r_" + user,
                    "CREATE USER " + user + " IDENTIFIED BY 'secret'",
                    "GRANT r_" + user + " TO " + user,
                    "SET DEFAULT ROLE r_" + user + " FOR " + user});
  BinlogSourceOptions options = database.source({{.table = "t"}});
  options.mysql.user = user;
  options.mysql.password = Secret("secret");
  {
    Reading reading(options);
    reading.start();
    database.run("INSERT INTO t VALUES (1)");
    EXPECT_TRUE(reading.read_until(database.executed(), 20));
    EXPECT_EQ(reading.tables["t"].size(), 1u);
    const auto replicas = must(database.root().query("SHOW REPLICA HOSTS"));
    EXPECT_TRUE(std::any_of(replicas.begin(), replicas.end(), [](const mysql::Row& row) {
      return row.at(1) == "tailrace";
    }));
  }
  database.run_all({"DROP USER " + user, "DROP ROLE r_" + user});
}

// Each commit is one row: the snapshot must hold exactly the rows up to the position it gives.
TEST_F(Mariadb, SnapshotBeginsExactlyAtItsPosition) {
  Database database("cap_exact");
  database.run_all({"SET SESSION gtid_domain_id = 21",
                    "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)"});
  const std::uint64_t base = std::stoull(database.scalar("SELECT @@last_gtid").substr(
      database.scalar("SELECT @@last_gtid").rfind('-') + 1));
  std::atomic<bool> stop = false;
  std::vector<std::jthread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&] {
      mysql::Connection connection = database.another();
      must(connection.execute("SET SESSION gtid_domain_id = 21"));
      while (!stop) must(connection.execute("INSERT INTO t VALUES ()"));
    });
  }
  const CapturedTables none = must(CapturedTables::build({}, {}));
  for (int i = 0; i < 50; ++i) {
    mysql::Connection reading = database.another();
    const ServerFacts facts = must(read_server_facts(reading));
    Snapshot snapshot(none, {database.name()});
    must(snapshot.open(reading));
    const GtidSet start = must(read_snapshot_start(reading, facts));
    const std::uint64_t rows = std::stoull(must(reading.scalar("SELECT COUNT(*) FROM t")));
    const std::string id = "21-" + must(reading.scalar("SELECT @@server_id")) + "-";
    EXPECT_TRUE(start.contains(must(GtidSet::parse(id + std::to_string(base + rows)))));
    EXPECT_FALSE(start.contains(must(GtidSet::parse(id + std::to_string(base + rows + 1)))));
  }
  stop = true;
}

}  // namespace
}  // namespace tailrace::capture::testing
