// The fake's own powers, on which simulations rest.
#include "tests/fakes/fake_event_log.hpp"

#include <gmock/gmock.h>

#include "tests/unit/stream/log_under_test.hpp"

namespace tailrace::stream::testing {
namespace {

using fakes::LogCall;
using ::testing::ElementsAre;

class FakeEventLogTest : public ::testing::Test {
 protected:
  FakeEventLogTest() : log_(fakes::FakeLogOptions{true, false}) {
    const std::vector<TopicSpec> topics = {{"changes", 4, Retention::by_time},
                                           {"state", 4, Retention::compacted}};
    EXPECT_TRUE(log_.ensure_topics(topics));
  }
  std::unique_ptr<GroupMember> join(const std::string& instance) {
    return *log_.join({"g", instance, "changes", "state"});
  }
  std::vector<std::string> committed_values() {
    auto reader = *log_.open_reader("changes", 0, 0, Isolation::read_committed);
    return values(read_to_end(*reader));
  }

  fakes::FakeEventLog log_;
  Assignments one_, two_;
  std::vector<Owned> got_;
};

TEST_F(FakeEventLogTest, FailsTheNthCall) {
  auto writer = *log_.open_writer("w");
  log_.fail(LogCall::writer_append, 2, retry("test.again", "").value());
  EXPECT_TRUE(writer->append({"changes", 0, "k", "1", {}}));
  EXPECT_EQ(writer->append({"changes", 0, "k", "2", {}}).error().code, "test.again");
  EXPECT_TRUE(writer->append({"changes", 0, "k", "3", {}}));
  log_.fail(LogCall::writer_commit, 1, retry("test.unknown", "").value(), true);
  EXPECT_EQ(writer->commit().error().code, "test.unknown");
  EXPECT_THAT(committed_values(), ElementsAre("1", "3"));
}

TEST_F(FakeEventLogTest, LeavesTheTransactionOfAKilledWriterOpen) {
  log_.crash_on_destruction(true);
  auto writer = *log_.open_writer("w");
  ASSERT_TRUE(writer->append({"changes", 0, "k", "hung", {}}));
  writer.reset();
  auto uncommitted = *log_.open_reader("changes", 0, 0, Isolation::read_uncommitted);
  auto committed = *log_.open_reader("changes", 0, 0, Isolation::read_committed);
  EXPECT_EQ(uncommitted->poll(in_ms(0))->size(), 1U);
  EXPECT_TRUE(committed->poll(in_ms(0))->empty());
  EXPECT_EQ(committed->position(), 0);
  writer = *log_.open_writer("w");
  EXPECT_TRUE(committed->poll(in_ms(0))->empty());
  EXPECT_EQ(committed->position(), 2);
}

TEST_F(FakeEventLogTest, RefusesAnExpelledMemberAndTellsItSo) {
  auto zombie = join("a");
  EXPECT_TRUE(zombie->poll(in_ms(0), one_));
  EXPECT_EQ(one_.owned.size(), 4U);
  log_.expel("g", "a");
  auto heir = join("b");
  EXPECT_TRUE(heir->poll(in_ms(0), two_));
  EXPECT_EQ(two_.owned.size(), 4U);
  const auto refused = commit(*zombie, {{{0, "k", "stale"}}, {{0, {7, ""}}}});
  EXPECT_EQ(refused.error().code, "log.commit_refused");
  EXPECT_FALSE(log_.committed("g", "changes", 0));
  EXPECT_TRUE(zombie->poll(in_ms(0), one_));
  EXPECT_EQ(one_.lost.size(), 4U);
}

TEST_F(FakeEventLogTest, HidesOffsetsWhileACommitIsUndecided) {
  log_.commit_takes_polls(2);
  auto killed = join("a");
  EXPECT_TRUE(killed->poll(in_ms(0), one_));
  ASSERT_TRUE(killed->begin_commit({{{0, "k", "v"}}, {{0, {7, ""}}}}));
  EXPECT_FALSE(killed->poll_commit(Deadline{}));
  log_.crash_on_destruction(true);
  killed.reset();
  auto heir = join("b");
  EXPECT_EQ(heir->fetch_committed(0).error().code, "log.unstable");
  EXPECT_EQ(heir->restore(0, [](auto, auto) {}).error().code, "log.unstable");
  log_.expire();
  EXPECT_EQ(heir->fetch_committed(0)->has_value(), false);
  EXPECT_TRUE(heir->poll(in_ms(0), two_));
  EXPECT_EQ(two_.owned.size(), 4U);
}

TEST_F(FakeEventLogTest, CompactsAndTrims) {
  auto member = join("a");
  EXPECT_TRUE(member->poll(in_ms(0), one_));
  for (const char* value : {"1", "2"}) {
    ASSERT_TRUE(commit(*member, {{{0, "k", value}}, {{0, {0, ""}}}}));
  }
  log_.compact("state");
  std::vector<std::string> seen;
  EXPECT_TRUE(member->restore(0, [&](auto, auto value) { seen.emplace_back(*value); }));
  EXPECT_THAT(seen, ElementsAre("2"));
  EXPECT_TRUE(member->append(0, "k", "v"));
  log_.trim("changes", 0, 1);
  EXPECT_EQ(member->start(0, 0).error().code, "log.out_of_range");
}

}  // namespace
}  // namespace tailrace::stream::testing
