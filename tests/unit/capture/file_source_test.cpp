// Transactions of golden files: counted, resumed, ended, named.
#include "capture/file_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "capture/schema_script.hpp"

namespace tailrace::capture {
namespace {

using testing::HasSubstr;

const std::filesystem::path golden =
    std::filesystem::path(TAILRACE_SOURCE_DIR) / "tests" / "golden";
constexpr Deadline no_hurry = Deadline::max();

Result<std::unique_ptr<FileSource>> source_of(const std::vector<std::string>& files,
                                              const std::string& table,
                                              const KnownSchemas& known = {}) {
  FileSourceOptions options;
  options.files = files;
  options.tables = {{table}};
  TAILRACE_ASSIGN(options.schemas, read_file_schemas(files, "golden", options.tables, known));
  options.known = known;
  return FileSource::create(std::move(options));
}

struct Read {
  std::size_t rows = 0;
  std::size_t transactions = 0;
  std::vector<SourcePosition> positions;  // behind each
  std::string error;
};

Read read_all(FileSource& source, const SourcePosition& from) {
  Read read;
  if (const auto started = source.start(from); !started) {
    read.error = started.error().message;
    return read;
  }
  while (!source.at_end()) {
    auto next = source.next(no_hurry);
    if (!next) {
      read.error = next.error().message;
      break;
    }
    if (!*next) break;
    Transaction& transaction = **next;
    read.positions.push_back(transaction.position);
    read.transactions += transaction.kind == TransactionKind::rows ? 1 : 0;
    if (!transaction.rows) continue;
    for (auto rows = transaction.rows->next(); rows && !rows->empty();
         rows = transaction.rows->next()) {
      read.rows += rows->size();
    }
  }
  return read;
}

TEST(FileSource, ReadsEveryTransactionOnceAndEnds) {
  const auto source = source_of({golden / "json.binlog"}, "documents");
  ASSERT_TRUE(source) << source.error().message;
  const Read all = read_all(**source, {});
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.rows, 40u);
  EXPECT_TRUE((*source)->at_end());
  EXPECT_EQ(all.positions.front().snapshot, SnapshotPhase::done);
  EXPECT_EQ(*(*source)->committed_now(), all.positions.back().gtid_set);
  EXPECT_EQ(read_all(**source, all.positions.back()).rows, 0u);
}

TEST(FileSource, GoesOnBehindEachTransaction) {
  const std::vector<std::string> files = {golden / "json.binlog", golden / "types.binlog"};
  const auto source = source_of(files, "documents");
  ASSERT_TRUE(source);
  const Read all = read_all(**source, {});
  std::size_t rows_left = all.transactions;
  for (const SourcePosition& position : all.positions) {
    const Read rest = read_all(**source, position);
    EXPECT_EQ(rest.error, "");
    EXPECT_LE(rest.transactions, rows_left);
    EXPECT_GE(rest.transactions + 1, rows_left) << "one at a time";
    rows_left = rest.transactions;
    EXPECT_EQ(rest.positions.back().gtid_set, all.positions.back().gtid_set);
  }
  EXPECT_EQ(rows_left, 0u);
}

TEST(FileSource, RefusesAPositionOfAServer) {
  const auto source = source_of({golden / "json.binlog"}, "documents");
  ASSERT_TRUE(source);
  SourcePosition of_server;
  of_server.server_uuid = "0e13da37-e551-11f1-a9df-02fc00000001";
  EXPECT_THAT(read_all(**source, of_server).error, HasSubstr("filled from a server"));
}

TEST(FileSource, NeedsNames) {
  const std::string file = golden / "lines" / "minimal.binlog";
  const auto own = source_of({file}, "plain");
  ASSERT_TRUE(own) << "CREATE TABLE in the file names them: " << own.error().message;
  auto wrong = read_schema_script("CREATE TABLE other (id INT)");
  ASSERT_TRUE(wrong);
  const auto absent = source_of({file}, "other", KnownSchemas(std::move(*wrong)));
  ASSERT_TRUE(absent) << "no row of it occurs: " << absent.error().message;
  EXPECT_EQ(read_all(**absent, {}).rows, 0u);
  const auto unknown = source_of({file}, "nothing");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "source.no_table");
}

}  // namespace
}  // namespace tailrace::capture
