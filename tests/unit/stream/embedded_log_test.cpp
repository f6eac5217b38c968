// What only the embedded log promises: durability, trimming, one process.
#include "stream/embedded/embedded_log.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/stream/log_under_test.hpp"
#include "tests/unit/stream/temporary_directory.hpp"

namespace tailrace::stream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SetClock final : public Clock {
 public:
  Deadline now() const override { return system_clock().now(); }
  std::int64_t wall_us() const override { return hours * 3'600'000'000; }
  std::int64_t hours = 1'000'000;
};

class EmbeddedLog : public ::testing::Test {
 protected:
  EmbeddedLog() {
    options_.path = directory_.path() + "/log";
    options_.trim_records = 10;
    options_.clock = &clock_;
    reopen();
  }

  void reopen() {
    log_.reset();
    auto opened = open_embedded(options_);
    ASSERT_RESULT(opened);
    log_ = std::move(*opened);
    ASSERT_RESULT(log_->ensure_topics(topics_));
  }
  void write(const std::string& topic, int count) {
    auto writer = *log_->open_writer("w");
    for (int i = 0; i < count; ++i) {
      ASSERT_RESULT(writer->append({topic, 0, "key", "v" + std::to_string(i), {}}));
    }
    ASSERT_RESULT(writer->commit());
  }
  std::unique_ptr<TopicReader> reader(const std::string& topic, Offset from = 0) {
    return *log_->open_reader(topic, 0, from, Isolation::read_committed);
  }
  std::unique_ptr<GroupMember> member(const std::string& group) {
    auto joined = log_->join({group, "worker", "changes", ""});
    EXPECT_TRUE(joined);
    EXPECT_TRUE((*joined)->poll(in_ms(0), assignments_));
    return std::move(*joined);
  }
  Bounds bounds(const std::string& topic) { return *reader(topic)->bounds(); }

  TemporaryDirectory directory_;
  SetClock clock_;
  EmbeddedOptions options_;
  const std::vector<TopicSpec> topics_ = {{"changes", 2, Retention::by_time},
                                          {"events", 1, Retention::by_time},
                                          {"positions", 1, Retention::compacted}};
  std::unique_ptr<EventLog> log_;
  Assignments assignments_;
};

TEST_F(EmbeddedLog, KeepsRecordsCommitsAndOffsetsAcrossARestart) {
  write("changes", 3);
  write("positions", 5);
  {
    auto worker = member("g");
    ASSERT_RESULT(commit(*worker, {{}, {{0, {2, "meta"}}}}));
  }
  reopen();
  EXPECT_THAT(values(read(*reader("changes"), 3)), ElementsAre("v0", "v1", "v2"));
  EXPECT_THAT(values(read_to_end(*reader("positions"))), ElementsAre("v4"));
  EXPECT_EQ(bounds("positions").end, 5);
  auto worker = member("g");
  const auto committed = worker->fetch_committed(0);
  ASSERT_RESULT(committed);
  EXPECT_EQ((*committed)->offset, 2);
  EXPECT_EQ((*committed)->metadata, "meta");
  write("changes", 1);
  EXPECT_EQ(read(*reader("changes", 3), 1)[0].offset, 3);
}

TEST_F(EmbeddedLog, HasAfterACrashWhatWasCommittedAndNothingElse) {
  write("changes", 3);
  auto open_transaction = *log_->open_writer("other");
  ASSERT_RESULT(open_transaction->append({"changes", 0, "key", "never", {}}));
  // The files as a killed process leaves them, with a torn write at the log's end.
  const std::string copy = directory_.path() + "/copy";
  std::filesystem::copy(options_.path, copy);
  for (const auto& file : std::filesystem::directory_iterator(copy)) {
    if (file.path().extension() == ".log") {
      std::ofstream(file.path(), std::ios::app | std::ios::binary) << std::string(100, '\x01');
    }
  }
  std::filesystem::remove(copy + "/LOCK");
  EmbeddedOptions options = options_;
  options.path = copy;
  auto recovered = open_embedded(options);
  ASSERT_RESULT(recovered);
  auto from = *(*recovered)->open_reader("changes", 0, 0, Isolation::read_committed);
  EXPECT_THAT(values(read_to_end(*from)), ElementsAre("v0", "v1", "v2"));
}

TEST_F(EmbeddedLog, RefusesASecondProcessAndNamesTheCure) {
  const auto second = open_embedded(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "log.locked");
  EXPECT_EQ(second.error().disposition, Disposition::halt);
  EXPECT_THAT(second.error().message, HasSubstr(options_.path));
  EXPECT_THAT(second.error().message, HasSubstr("state.dir"));
}

TEST_F(EmbeddedLog, TakesOneMemberPerGroup) {
  auto one = member("g");
  const auto two = log_->join({"g", "other", "changes", ""});
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, "log.group_taken");
  EXPECT_EQ(two.error().disposition, Disposition::halt);
  auto other_group = member("h");
  one.reset();
  auto again = member("g");
}

TEST_F(EmbeddedLog, TrimsWhatEveryGroupHasPassed) {
  auto fast = member("fast");
  auto slow = member("slow");
  write("changes", 50);
  ASSERT_RESULT(commit(*fast, {{}, {{0, {40, ""}}}}));
  EXPECT_EQ(bounds("changes").start, 0);
  ASSERT_RESULT(commit(*slow, {{}, {{0, {5, ""}}}}));
  EXPECT_EQ(bounds("changes").start, 0);  // not worth a trim yet
  ASSERT_RESULT(commit(*slow, {{}, {{0, {20, ""}}}}));
  EXPECT_EQ(bounds("changes").start, 20);
  EXPECT_EQ(bounds("changes").end, 50);

  const auto gone = reader("changes", 19)->poll(in_ms(10));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "log.out_of_range");
  EXPECT_EQ(slow->start(0, 19).error().code, "log.out_of_range");
  ASSERT_RESULT(slow->start(0, 20));
  EXPECT_EQ(read(*reader("changes", 20), 30).size(), 30U);
  slow.reset();
  fast.reset();
  reopen();
  EXPECT_EQ(bounds("changes").start, 20);
  EXPECT_EQ(bounds("changes").end, 50);
}

TEST_F(EmbeddedLog, KeepsTheEndOfAPartitionThatWasTrimmedEmpty) {
  auto worker = member("g");
  write("changes", 50);
  ASSERT_RESULT(commit(*worker, {{}, {{0, {50, ""}}}}));
  worker.reset();
  reopen();
  EXPECT_EQ(bounds("changes").start, 50);
  EXPECT_EQ(bounds("changes").end, 50);
  write("changes", 1);
  EXPECT_EQ(read(*reader("changes", 50), 1)[0].offset, 50);
}

TEST_F(EmbeddedLog, DropsOldEventsThatNoGroupReads) {
  write("events", 5);
  clock_.hours += 24;
  write("events", 5);
  clock_.hours += 6 * 24 + 1;
  write("events", 5);
  EXPECT_EQ(bounds("events").start, 0);
  clock_.hours += 24;
  write("events", 5);
  EXPECT_GT(bounds("events").start, 0);
  EXPECT_LE(bounds("events").start, 10);
  EXPECT_EQ(bounds("events").end, 20);
  EXPECT_EQ(bounds("positions").start, 0);
}

TEST_F(EmbeddedLog, GathersAppendsAndKeepsTheirOrderWithThePolls) {
  auto worker = member("g");
  ASSERT_RESULT(worker->start(1, 0));
  for (int i = 0; i < 1000; ++i) ASSERT_RESULT(worker->append(1, "k", std::to_string(i)));
  std::vector<Owned> got;
  ASSERT_TRUE(poll_until(*worker, assignments_, got, [&] { return got.size() >= 1000; }));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(got[static_cast<std::size_t>(i)].value, std::to_string(i));
    EXPECT_EQ(got[static_cast<std::size_t>(i)].offset, i);
  }
  EXPECT_EQ(worker->acknowledged()->size(), 1000U);
  EXPECT_TRUE(worker->acknowledged()->empty());
}

TEST_F(EmbeddedLog, ReadsPartitionsInTurn) {
  auto writer = *log_->open_writer("w");
  const std::string large(300'000, 'x');
  for (int i = 0; i < 10; ++i) {
    ASSERT_RESULT(writer->append({"changes", 0, "k", large, {}}));
    ASSERT_RESULT(writer->append({"changes", 1, "k", large, {}}));
  }
  ASSERT_RESULT(writer->commit());
  auto worker = member("g");
  ASSERT_RESULT(worker->start(0, 0));
  ASSERT_RESULT(worker->start(1, 0));
  std::set<Partition> seen;
  for (int i = 0; i < 2; ++i) {
    const auto records = worker->poll(in_ms(10), assignments_);
    ASSERT_RESULT(records);
    EXPECT_LE(records->size(), 4U);  // about 1 MiB
    for (const Record& record : *records) seen.insert(record.partition);
  }
  EXPECT_EQ(seen.size(), 2U);
}

}  // namespace
}  // namespace tailrace::stream::testing
