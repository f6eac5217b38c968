// What only the SQLite sink promises: files, tables, other connections.
#include "sinks/sqlite/sqlite_sink.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "sinks/sqlite/database.hpp"
#include "sinks/sqlite/sqlite_reader.hpp"
#include "tests/unit/sinks/temporary_folder.hpp"

namespace tailrace::sinks {
namespace {

class SqliteSinkTest : public testing::Test {
 protected:
  SqliteOptions options(std::string document = "order") const {
    return {.path = folder_.file("documents.db"), .document = std::move(document)};
  }
  std::unique_ptr<DocumentSink> open(std::string document = "order") const {
    auto sink = open_sqlite_sink(options(std::move(document))).value();
    const auto opened = sink->open();
    EXPECT_TRUE(opened) << opened.error().message;
    return sink;
  }
  void execute(const std::string& sql) const {
    auto database = Database::connect(options().path, Database::Access::read_write).value();
    const auto done = database.execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  static DocumentWrite put(int id, std::int64_t offset, const std::string& name) {
    return {std::to_string(id), Version(1, offset), false, R"({"name":")" + name + "\"}"};
  }
  std::size_t count(const std::string& words) const {
    return open_sqlite_reader(options()).value()->search(words, 1000).value().size();
  }

  TemporaryFolder folder_;
};

TEST_F(SqliteSinkTest, LetsTwoSinksAndAReaderShareOneFile) {
  const auto write_all = [this](const std::string& document) {
    const auto sink = open(document);
    for (int i = 0; i < 150; ++i) {
      const std::vector<DocumentWrite> batch = {put(i, i, "Ada"), put(i + 1, i, "Grace")};
      const auto outcomes = sink->apply(batch);
      ASSERT_TRUE(outcomes) << outcomes.error().message;
    }
  };
  open("order");
  open("customer");
  std::atomic<bool> done = false;
  std::thread reading([&] {
    const auto reader = open_sqlite_reader(options()).value();
    while (!done) {
      const auto hits = reader->search("ada", 5);
      ASSERT_TRUE(hits) << hits.error().message;
    }
  });
  std::thread customers([&] { write_all("customer"); });
  write_all("order");
  customers.join();
  done = true;
  reading.join();
  EXPECT_EQ(count("grace"), 1u);
  EXPECT_EQ(count("ada"), 150u);
}

TEST_F(SqliteSinkTest, BuildsItsIndexAgainWhenItIsMissingOrOld) {
  const LogIdentity identity{"log", 3};
  {
    const auto sink = open();
    ASSERT_TRUE(sink->set_identity(identity));
    ASSERT_TRUE(sink->apply(std::vector{put(1, 1, "lamp"), put(2, 2, "chair")}));
  }
  execute("DROP TABLE order_fts");
  EXPECT_EQ(open_sqlite_sink(options()).value()->open().value(), identity);
  EXPECT_EQ(count("lamp"), 1u);
  execute("UPDATE tailrace_meta SET text_format = 0; DELETE FROM \"order\" WHERE id = '1'");
  EXPECT_EQ(open_sqlite_sink(options()).value()->open().value(), identity);
  EXPECT_EQ(count("lamp"), 0u);
  EXPECT_EQ(count("chair"), 1u);
}

TEST_F(SqliteSinkTest, FindsTheSameDocumentsAfterVacuum) {
  std::vector<DocumentWrite> batch;
  for (int i = 0; i < 100; ++i) batch.push_back(put(i, i, "name" + std::to_string(i)));
  ASSERT_TRUE(open()->apply(batch));
  execute("DELETE FROM \"order\" WHERE id < '5'");
  execute("VACUUM");
  const auto hits = open_sqlite_reader(options()).value()->search("name77", 10).value();
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].id, "77");
}

TEST_F(SqliteSinkTest, RefusesATableOfSomebodyElse) {
  execute(
      "CREATE TABLE \"order\" (id TEXT PRIMARY KEY, version INTEGER, deleted INTEGER, body TEXT)");
  const auto opened = open_sqlite_sink(options()).value()->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().disposition, Disposition::halt);
  EXPECT_EQ(opened.error().code, "sqlite.foreign_table");
}

TEST_F(SqliteSinkTest, TakesADroppedTableForANewPlace) {
  ASSERT_TRUE(open()->set_identity({"log", 1}));
  execute("DROP TABLE \"order\"");
  EXPECT_EQ(open_sqlite_sink(options()).value()->open().value(), std::nullopt);
}

TEST_F(SqliteSinkTest, HaltsOnAFileThatIsNoDatabase) {
  std::ofstream(options().path) << std::string(8192, 'x');
  const auto opened = open_sqlite_sink(options()).value()->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().disposition, Disposition::halt);
  EXPECT_EQ(opened.error().code, "sqlite.corrupt");
}

TEST_F(SqliteSinkTest, HaltsOnAFolderThatIsNotThere) {
  const auto opened =
      open_sqlite_sink({.path = folder_.file("no/such.db"), .document = "order"}).value()->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "sqlite.no_access");
  EXPECT_NE(opened.error().message.find("no/such.db"), std::string::npos);
}

TEST_F(SqliteSinkTest, TellsAReaderThatNothingIsThereYet) {
  EXPECT_EQ(open_sqlite_reader(options()).error().code, "sqlite.not_there");
  open("customer");
  EXPECT_EQ(open_sqlite_reader(options()).error().code, "sqlite.not_there");
}

TEST_F(SqliteSinkTest, KeepsTheIndexSoundUnderRandomWrites) {
  const auto sink = open();
  std::uint64_t random = 1;
  for (int round = 0; round < 60; ++round) {
    std::vector<DocumentWrite> batch;
    for (int i = 0; i < 20; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const int id = static_cast<int>(random >> 33) % 30;
      const auto offset = static_cast<std::int64_t>((random >> 40) % 500);
      auto write = put(id, offset, "w" + std::to_string(offset % 7));
      if (offset % 5 == 0) {
        write.deleted = true;
        write.body = "{}";
      }
      batch.push_back(std::move(write));
    }
    ASSERT_TRUE(sink->apply(batch));
  }
  auto database = Database::connect(options().path, Database::Access::read_only).value();
  for (int word = 0; word < 7; ++word) {
    const std::string text = "w" + std::to_string(word);
    auto select =
        database
            .prepare("SELECT count(*) FROM \"order\" WHERE NOT deleted AND body LIKE '%\"" + text +
                     "\"%'")
            .value();
    select.step();
    EXPECT_EQ(count(text), static_cast<std::size_t>(select.number(0))) << text;
  }
}

}  // namespace
}  // namespace tailrace::sinks
