// The part of the contract about topics, writers and readers.
// Threading: one thread per test; one test reads from a second thread.
#pragma once

#include <algorithm>
#include <map>
#include <thread>

#include "tests/unit/stream/event_log_contract.hpp"

namespace tailrace::stream::testing {

TEST_P(EventLogContract, ShowsATransactionWholeAtCommit) {
  auto to = writer();
  auto from_changes = reader(changes_);
  auto from_positions = reader(positions_);
  write(*to, changes_, 0, "a", "1");
  write(*to, changes_, 0, "b", "2");
  write(*to, positions_, 0, "source", "p1");
  EXPECT_TRUE(from_changes->poll(in_ms(100))->empty());
  EXPECT_TRUE(from_positions->poll(in_ms(10))->empty());
  ASSERT_RESULT(to->commit());
  EXPECT_THAT(values(read(*from_changes, 2)), ElementsAre("1", "2"));
  EXPECT_THAT(values(read(*from_positions, 1)), ElementsAre("p1"));
}

TEST_P(EventLogContract, TakesACommitOfNothing) {
  auto to = writer();
  ASSERT_RESULT(to->commit());
  write(*to, changes_, 0, "a", "1");
  ASSERT_RESULT(to->commit());
  ASSERT_RESULT(to->commit());
}

TEST_P(EventLogContract, ForgetsWhatADestroyedWriterHadNotCommitted) {
  auto first = writer();
  write(*first, changes_, 0, "a", "lost");
  first.reset();
  auto second = writer();
  write(*second, changes_, 0, "a", "kept");
  ASSERT_RESULT(second->commit());
  EXPECT_THAT(values(read_to_end(*reader(changes_))), ElementsAre("kept"));
}

TEST_P(EventLogContract, FencesTheOlderWriterOfAName) {
  auto older = writer();
  write(*older, changes_, 0, "a", "older");
  auto newer = writer();
  Result<void> refused = older->append({changes_, 0, "a", "later", {}});
  if (refused) refused = older->commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "log.fenced");
  EXPECT_EQ(refused.error().disposition, Disposition::halt);
  write(*newer, changes_, 0, "a", "newer");
  ASSERT_RESULT(newer->commit());
  EXPECT_THAT(values(read_to_end(*reader(changes_))), ElementsAre("newer"));
}

TEST_P(EventLogContract, LeavesWritersOfOtherNamesAlone) {
  auto one = writer("one");
  auto two = writer("two");
  write(*one, changes_, 0, "a", "1");
  ASSERT_RESULT(one->commit());
  write(*two, changes_, 0, "a", "2");
  ASSERT_RESULT(two->commit());
  EXPECT_THAT(values(read(*reader(changes_), 2)), ElementsAre("1", "2"));
}

TEST_P(EventLogContract, GivesRisingOffsetsAndPassesGaps) {
  write_changes({"1", "2"});
  {
    auto aborted = writer();
    write(*aborted, changes_, 0, "a", "aborted");
  }
  write_changes({"3"});
  auto from = reader(changes_);
  const auto records = read_to_end(*from);
  EXPECT_THAT(values(records), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(std::is_sorted(records.begin(), records.end(),
                             [](auto& a, auto& b) { return a.offset < b.offset; }));
  EXPECT_EQ(from->position(), from->bounds()->end);
  EXPECT_EQ(from->bounds()->start, 0);
}

TEST_P(EventLogContract, ReadsFromAnOffsetOn) {
  write_changes({"1", "2", "3"});
  const auto all = read(*reader(changes_), 3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(values(read(*reader(changes_, all[1].offset), 2)), ElementsAre("2", "3"));
  EXPECT_EQ(reader(changes_, all[2].offset)->position(), all[2].offset);
}

TEST_P(EventLogContract, KeepsPartitionsApart) {
  auto to = writer();
  write(*to, changes_, 1, "a", "one");
  write(*to, changes_, 3, "b", "three");
  ASSERT_RESULT(to->commit());
  EXPECT_THAT(values(read(*reader(changes_, 0, 1), 1)), ElementsAre("one"));
  EXPECT_THAT(values(read(*reader(changes_, 0, 3), 1)), ElementsAre("three"));
  EXPECT_EQ(reader(changes_, 0, 2)->bounds()->end, 0);
}

TEST_P(EventLogContract, ShowsTheLatestOfEachKeyInACompactedTopic) {
  auto to = writer();
  for (const char* value : {"a1", "b1", "a2"}) {
    write(*to, positions_, 0, std::string(1, value[0]), value);
  }
  ASSERT_RESULT(to->commit());
  write(*to, positions_, 0, "b", "b2");
  write(*to, positions_, 0, "b", std::nullopt);
  write(*to, positions_, 0, "c", "");
  ASSERT_RESULT(to->commit());
  std::map<std::string, std::string> latest;
  for (const Owned& record : read_to_end(*reader(positions_))) {
    latest[record.key] = record.value.value_or("<none>");
  }
  EXPECT_EQ(latest["a"], "a2");
  EXPECT_EQ(latest["b"], "<none>");
  ASSERT_TRUE(latest.contains("c"));
  EXPECT_EQ(latest["c"], "");
}

TEST_P(EventLogContract, TakesHeadersBytesAndLargeValues) {
  auto to = writer();
  const std::string key("k\0\xff", 3);
  const std::string large(log().max_record_bytes(), 'x');
  const std::vector<Header> headers = {{"ce_type", "OrderPlaced"}, {"empty", ""}};
  ASSERT_RESULT(to->append({changes_, 0, key, std::string_view("v\0v", 3), headers}));
  ASSERT_RESULT(to->append({changes_, 0, "", large, headers}));
  ASSERT_RESULT(to->commit());
  const auto records = read(*reader(changes_), 2);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].key, key);
  EXPECT_EQ(records[0].value, std::string("v\0v", 3));
  EXPECT_EQ(records[1].value, large);
}

TEST_P(EventLogContract, CreatesTopicsOnceAndRefusesAnotherPartitionCount) {
  const std::vector<TopicSpec> same = {{changes_, 4, Retention::by_time}};
  ASSERT_RESULT(log().ensure_topics(same));
  const std::vector<TopicSpec> other = {{changes_, 8, Retention::by_time}};
  const auto refused = log().ensure_topics(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "log.partitions");
  EXPECT_EQ(refused.error().disposition, Disposition::halt);
}

TEST_P(EventLogContract, WakesAWaitingReader) {
  auto from = reader(changes_);
  ASSERT_TRUE(from->poll(in_ms(200))->empty());
  std::jthread late([&] {
    std::this_thread::sleep_for(Milliseconds(100));
    write_changes({"1"});
  });
  EXPECT_THAT(values(read(*from, 1)), ElementsAre("1"));
}

TEST_P(EventLogContract, ReturnsAtTheDeadlineWhenNothingComes) {
  auto from = reader(changes_);
  const Deadline before = system_clock().now();
  ASSERT_TRUE(from->poll(in_ms(100))->empty());
  const auto took = system_clock().now() - before;
  EXPECT_GE(took, Milliseconds(90));
  EXPECT_LT(took, Milliseconds(2000));
}

TEST_P(EventLogContract, NamesAnUnknownTopic) {
  const auto opened =
      log().open_reader(under_test_->name("nothing"), 0, 0, Isolation::read_committed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "log.no_topic");
}

}  // namespace tailrace::stream::testing
