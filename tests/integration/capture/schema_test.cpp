// Servers that log no column names, and tables that change while they are read.
#include "capture/catalog.hpp"
#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

// Without names in the binlog: MySQL's default, MariaDB's NO_LOG.
class WithoutNames : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (!server_is_configured()) return;
    Database server("cap_meta");
    names_ = server.has_variable("binlog_row_metadata");
    if (names_) {
      server.run(std::string("SET GLOBAL binlog_row_metadata = ") +
                 (on_mariadb() ? "NO_LOG" : "MINIMAL"));
    }
  }
  void TearDown() override {
    if (names_) Database("cap_meta").run("SET GLOBAL binlog_row_metadata = FULL");
  }

 private:
  bool names_ = false;
};

TEST_F(WithoutNames, RowsAreReadByTheDefinitionAtTheirPlace) {
  Database database("cap_history");
  database.run_all(
      {"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET latin1, "
       "e ENUM('x', 'y'), u INT UNSIGNED)",
       "INSERT INTO t VALUES (1, 'caf\u00e9', 'y', 4000000000)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  database.run_all({"INSERT INTO t VALUES (2, 'na\u00efve', 'x', 4000000001)",
                    "ALTER TABLE t ADD COLUMN first_one INT FIRST, MODIFY e ENUM('w', 'x', 'y')",
                    "INSERT INTO t VALUES (9, 3, 'z', 'w', 1)",
                    "ALTER TABLE t MODIFY u INT UNSIGNED FIRST, CONVERT TO CHARACTER SET utf8mb4",
                    "INSERT INTO t VALUES (4000000002, 9, 4, '\u65e5\u672c', 'x')"});
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  const Reading::Table& t = reading.tables["t"];
  ASSERT_EQ(t.size(), 4u);
  std::vector<std::string> rows;
  for (const auto& [key, row] : t) rows.push_back(row);
  EXPECT_EQ(rows[0], R"({"id":1,"a":"café","e":"y","u":4000000000})");
  EXPECT_EQ(rows[1], R"({"id":2,"a":"naïve","e":"x","u":4000000001})");
  EXPECT_EQ(rows[2], R"({"id":3,"a":"z","e":"w","u":1})");
  EXPECT_EQ(rows[3], R"({"id":4,"a":"日本","e":"x","u":4000000002})");
  ASSERT_EQ(reading.table_events.size(), 2u);
  EXPECT_EQ(reading.table_events[0].added, std::vector<std::string>{"first_one"});
}

TEST_F(WithoutNames, TheDefinitionIsSavedWithThePosition) {
  Database database("cap_saved");
  database.run_all(
      {"CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO t VALUES (1, 10, 100)"});
  const BinlogSourceOptions options = database.source({{.table = "t"}});
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30));
  database.run("INSERT INTO t VALUES (2, 20, 200)");
  ASSERT_TRUE(reading.read_until(database.executed(), 30));
  ASSERT_TRUE(reading.position.tables);
  // Same types, other places: only the statement tells.
  database.run_all({"INSERT INTO t VALUES (3, 30, 300)", "ALTER TABLE t MODIFY b INT AFTER id",
                    "INSERT INTO t (id, a, b) VALUES (4, 40, 400)"});
  Reading again(options);
  again.start(reading.position);
  ASSERT_TRUE(again.read_until(database.executed(), 30)) << again.error->message;
  EXPECT_EQ(again.tables["t"].begin()->second, R"({"id":3,"a":30,"b":300})");
  EXPECT_EQ(again.tables["t"].rbegin()->second, R"({"id":4,"a":40,"b":400})");
}

TEST_F(WithoutNames, AnOnlineSchemaChangeSwapsTheTable) {
  Database database("cap_ghost");
  const std::string db = "`" + database.name() + "`.";
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30));
  database.run_all({"CREATE TABLE _t_gho LIKE t", "ALTER TABLE _t_gho ADD COLUMN b INT AFTER id",
                    "INSERT INTO _t_gho (id, a) SELECT id, a FROM t", "INSERT INTO t VALUES (2, 2)",
                    "REPLACE INTO _t_gho (id, a) VALUES (2, 2)",
                    "rename /* gh-ost */ table " + db + "`t` to " + db + "`_t_del`, " + db +
                        "`_t_gho` to " + db + "`t`",
                    "INSERT INTO t (id, a, b) VALUES (3, 3, 33)", "DROP TABLE _t_del"});
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  EXPECT_EQ(reading.tables["t"].size(), 3u);
  EXPECT_EQ(reading.tables["t"].rbegin()->second, R"({"id":3,"a":3})");
  ASSERT_EQ(reading.table_events.size(), 1u);
  EXPECT_EQ(reading.table_events[0].kind, TableEventKind::definition_changed);
  EXPECT_EQ(reading.table_events[0].added, std::vector<std::string>{"b"});
  database.run_all(
      {"CREATE TABLE other (id INT PRIMARY KEY, a INT)", "RENAME TABLE t TO gone, other TO t"});
  ASSERT_TRUE(reading.read_until(database.executed(), 30));
  EXPECT_EQ(reading.table_events[1].kind, TableEventKind::replaced);
}

TEST_F(WithoutNames, AnUnknownDefinitionIsReadAgainWhenNobodyTouchedTheTableSince) {
  Database database("cap_again");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1)"});
  Reading reading(database.source({{.table = "t"}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30));
  // Not in the binlog: the rows behind it do not fit.
  database.run_all({"SET SESSION sql_log_bin = 0", "ALTER TABLE t ADD COLUMN b VARCHAR(3) FIRST",
                    "SET SESSION sql_log_bin = 1", "INSERT INTO t VALUES ('b', 2, 20)"});
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  EXPECT_EQ(reading.tables["t"].rbegin()->second, R"({"id":2,"a":20})");
  database.run_all({"SET SESSION sql_log_bin = 0", "ALTER TABLE t ADD COLUMN c VARCHAR(4) FIRST",
                    "SET SESSION sql_log_bin = 1", "INSERT INTO t VALUES ('c', 'b', 3, 30)",
                    "ALTER TABLE t DROP COLUMN c"});
  EXPECT_EQ(reading.read_until_halted(30), "source.schema_unknown")
      << "what the server says now is not what was then";
}

using Schemas = ServerTest;

TEST_F(Schemas, StatementsOfEveryKindLeadWhereTheServerIs) {
  Database database("cap_ddl_walk");
  const std::vector<std::string> statements = {
      "CREATE TABLE t (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, a VARCHAR(10), PRIMARY KEY "
      "(id))",
      "ALTER TABLE t ADD b DECIMAL(10,2) NOT NULL DEFAULT '1.50' COMMENT 'it''s, (a) b' AFTER id",
      "ALTER TABLE t ADD COLUMN c ENUM('a','b''c','d\\\\e') CHARACTER SET latin1, ADD KEY (c)",
      "ALTER TABLE t CHANGE a b2 VARCHAR(20) COLLATE utf8mb4_bin, ADD (d DATETIME(3), e TIME(6))",
      "ALTER TABLE t MODIFY d TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE "
      "CURRENT_TIMESTAMP(6) FIRST",
      "ALTER TABLE t DROP COLUMN e, ADD e BIT(9), ADD f SET('x','y') DEFAULT 'x,y' FIRST",
      "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, b2(5)), ALGORITHM=COPY",
      "ALTER TABLE t ADD g LONGTEXT, ADD h BINARY(7), ADD i VARBINARY(9), ADD j TINYBLOB",
      "ALTER TABLE t ADD k DOUBLE, ADD l FLOAT, ADD m YEAR, ADD n DATE, ADD o GEOMETRY",
      "ALTER TABLE t DEFAULT CHARACTER SET latin2, ADD p CHAR(3), ADD q NCHAR(2), ADD r BOOL",
      "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
      "CREATE TABLE `we``ird '\"\n name` LIKE t",
      "RENAME TABLE t TO t_old, `we``ird '\"\n name` TO t",
      is_modern() ? "ALTER TABLE t ADD s INT GENERATED ALWAYS AS (m + 1) VIRTUAL, ADD u JSON"
                  : "ALTER TABLE t ADD s INT NULL",
      "ALTER TABLE t RENAME TO t2",
      is_modern() ? "CREATE TABLE t (x INT PRIMARY KEY) SELECT 1 AS x, 'a' AS y"
                  : "CREATE TABLE t (x INT PRIMARY KEY)"};
  GtidSet from = database.executed();
  BinlogSourceOptions options = database.source({});
  SchemaCatalog catalog = must(read_catalog(database.root(), database.name(), {}));
  for (const std::string& statement : statements) {
    database.run(statement);
    catalog.apply({statement, database.name(), {.mariadb = on_mariadb()}});
    for (const std::string table : {"t", "t2", "t_old"}) {
      const TableSelection selection{.table = table};
      const SchemaCatalog now =
          must(read_catalog(database.root(), database.name(), std::span(&selection, 1)));
      const TableId id{database.name(), table};
      const TableDefinition* const server = now.find(id);
      const TableDefinition* const read = catalog.find(id);
      if (catalog.is_unknown(id)) {
        EXPECT_NE(statement.find("SELECT"), std::string::npos) << "not understood: " << statement;
        continue;
      }
      ASSERT_EQ(server == nullptr, read == nullptr) << table << " after " << statement;
      if (server == nullptr) continue;
      ASSERT_EQ(server->schema.columns.size(), read->schema.columns.size()) << statement;
      EXPECT_EQ(server->schema.primary_key, read->schema.primary_key) << statement;
      for (std::size_t i = 0; i < server->schema.columns.size(); ++i) {
        Column expected = server->schema.columns[i];
        Column column = read->schema.columns[i];
        expected.type.collation.clear();  // a default one has a name only the server knows
        column.type.collation.clear();
        EXPECT_EQ(expected, column) << expected.name << " after " << statement;
      }
    }
  }
}

using Xa = ServerTest;

TEST_F(Xa, WhatIsPreparedCountsWhenItIsCommitted) {
  if (!is_modern()) GTEST_SKIP() << "MySQL 5.6 logs only XA COMMIT";
  Database database("cap_xa");
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  const BinlogSourceOptions options = database.source({{.table = "t"}});
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  const std::string commits = "'c" + database.name() + "'";
  const std::string rolls_back = "'r" + database.name() + "'";
  int id = 1;
  for (const std::string& xid : {commits, rolls_back}) {
    auto session = database.another();
    for (const std::string& statement :
         {"XA START " + xid, "INSERT INTO t VALUES (" + std::to_string(++id) + ")", "XA END " + xid,
          "XA PREPARE " + xid}) {
      must(session.execute(statement));
    }
  }
  database.run("INSERT INTO t VALUES (10)");
  ASSERT_TRUE(reading.read_until(database.executed(), 30)) << reading.error->message;
  EXPECT_EQ(reading.tables["t"].size(), 2u) << "nothing prepared shows";
  ASSERT_EQ(reading.position.prepared.size(), 2u);
  EXPECT_TRUE(reading.position.prepared[0].mapped);

  Reading again(options);
  again.start(reading.position);
  auto other = database.another();  // their own sessions are gone
  database.run("FLUSH BINARY LOGS");
  must(other.execute("XA ROLLBACK " + rolls_back));
  must(other.execute("XA COMMIT " + commits));
  ASSERT_TRUE(again.read_until(database.executed(), 30)) << again.error->message;
  EXPECT_EQ(again.rows, 1u) << "and what was read before does not come again";
  EXPECT_EQ(again.tables["t"].begin()->second, R"({"id":2})");
  EXPECT_TRUE(again.position.prepared.empty());
}

TEST_F(Xa, AFirstLoadWaitsForWhatIsPrepared) {
  Database database("cap_xa_first");
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  const std::string xid = "'f" + database.name() + "'";
  auto session = std::make_unique<mysql::Connection>(database.another());
  for (const std::string& statement : {"XA START " + xid, std::string("INSERT INTO t VALUES (1)"),
                                       "XA END " + xid, "XA PREPARE " + xid}) {
    must(session->execute(statement));
  }
  BinlogSourceOptions options = database.source({{.table = "t"}});
  options.mysql.user = "root";
  options.mysql.password = server_options(true).password;
  Reading reading(options);
  reading.start();
  while (reading.retries == 0) ASSERT_TRUE(reading.step());
  EXPECT_EQ(reading.position.snapshot, SnapshotPhase::none);
  must(session->execute("XA COMMIT " + xid));
  ASSERT_TRUE(reading.read_until(database.executed(), 40)) << reading.error->message;
  EXPECT_EQ(reading.tables["t"].size(), 1u);
}

}  // namespace
}  // namespace tailrace::capture::testing
