#include "all_types.hpp"
#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

using Values = ServerTest;

// A first load and the binlog must tell the same about the same rows.
TEST_F(Values, OfSnapshotAndBinlogAgreeForEveryType) {
  if (!is_modern()) GTEST_SKIP() << "see the differential test";
  if (on_mariadb()) GTEST_SKIP() << "it has types of its own: see Mariadb";
  Database database("cap_types");
  database.run("SET SESSION sql_mode = ''");
  const GtidSet before = database.executed();
  database.run_all(all_types_table("t"));
  const BinlogSourceOptions options = database.source({{.table = "t", .booleans = {"flag"}}});

  Reading streamed(options);
  streamed.start_after(before);
  ASSERT_TRUE(streamed.read_until(database.executed())) << streamed.error->message;
  BinlogSourceOptions other = options;
  other.shard = "s1";
  Reading loaded(other);
  loaded.start();
  ASSERT_TRUE(loaded.read_until(database.executed())) << loaded.error->message;

  ASSERT_EQ(streamed.tables["t"].size(), 7u);
  EXPECT_EQ(streamed.tables["t"], loaded.tables["t"]);
  const std::string all = loaded.tables["t"]["\x14" "18446744073709551615"];
  EXPECT_NE(all.find("한국어 주문 🍗"), std::string::npos) << all;
  EXPECT_NE(all.find("\"l1\":\"straße\""), std::string::npos) << all;
  EXPECT_NE(all.find("\"hidden\":7"), std::string::npos) << all;
}

// A first load goes on behind the last key, which it knows in the column's own bytes.
TEST_F(Values, OfKeysInAnotherCharacterSetLeadFromChunkToChunk) {
  Database database("cap_keys");
  database.run_all({"CREATE TABLE t (k VARCHAR(20) CHARACTER SET sjis, n CHAR(5) CHARACTER SET "
                    "latin1, PRIMARY KEY (k, n))",
                    "INSERT INTO t VALUES ('', 'é'), ('ア', 'ß'), ('ア', 'z'), ('表', 'é'), "
                    "('\\\\', 'é'), ('日本', 'x'), (_sjis x'81ad', 'é'), (\"'\", 'y')"});
  BinlogSourceOptions options = database.source({{.table = "t"}});
  options.mysql.snapshot_chunk_rows = 2;
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed()));
  EXPECT_EQ(reading.tables["t"].size(), 8u);
  EXPECT_EQ(reading.rows, 8u);
}

TEST_F(Values, OfSelectedColumnsOnlyAreRead) {
  Database database("cap_columns");
  database.run_all({"CREATE TABLE t (a INT, id INT PRIMARY KEY, b INT, c INT)",
                    "INSERT INTO t VALUES (1, 2, 3, 4)"});
  Reading reading(database.source({{.table = "t", .columns = {"b"}}}));
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed()));
  database.run("INSERT INTO t VALUES (1, 3, 3, 4)");
  ASSERT_TRUE(reading.read_until(database.executed()));
  EXPECT_EQ(reading.tables["t"].size(), 2u);
  for (const auto& [key, row] : reading.tables["t"]) {
    EXPECT_TRUE(row == R"({"id":2,"b":3})" || row == R"({"id":3,"b":3})") << row;
  }
}

}  // namespace
}  // namespace tailrace::capture::testing
