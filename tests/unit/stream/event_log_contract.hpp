// The contract every event log keeps: embedded, Kafka and the fake. A test program includes
// topic_contract_tests.hpp and group_contract_tests.hpp once and names its logs:
// INSTANTIATE_TEST_SUITE_P(Embedded, EventLogContract, Values(kind)).
// Threading: one thread per test; one test reads from a second thread.
#pragma once

#include <gmock/gmock.h>

#include "tests/unit/stream/log_under_test.hpp"

namespace tailrace::stream::testing {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class EventLogContract : public ::testing::TestWithParam<LogKind> {
 protected:
  void SetUp() override {
    under_test_ = GetParam().make();
    if (!under_test_) GTEST_SKIP() << GetParam().name << " is not there";
    changes_ = under_test_->name("changes");
    state_ = under_test_->name("state");
    positions_ = under_test_->name("positions");
    const std::vector<TopicSpec> topics = {{changes_, 4, Retention::by_time},
                                           {state_, 4, Retention::compacted},
                                           {positions_, 1, Retention::compacted}};
    ASSERT_RESULT(log().ensure_topics(topics));
  }

  EventLog& log() { return under_test_->log(); }
  std::unique_ptr<LogWriter> writer(std::string_view name = "capture") {
    auto opened = log().open_writer(under_test_->name(name));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  std::unique_ptr<TopicReader> reader(const std::string& topic, Offset from = 0,
                                      Partition partition = 0) {
    auto opened = log().open_reader(topic, partition, from, Isolation::read_committed);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  GroupOptions group(std::string_view instance = "worker-1") {
    return {under_test_->name("group"), std::string(instance), changes_, state_};
  }
  std::unique_ptr<GroupMember> join(std::string_view instance = "worker-1") {
    auto joined = log().join(group(instance));
    EXPECT_TRUE(joined) << joined.error().message;
    return std::move(*joined);
  }
  void write(LogWriter& to, const std::string& topic, Partition partition, std::string_view key,
             std::optional<std::string_view> value) {
    ASSERT_RESULT(to.append({topic, partition, key, value, {}}));
  }
  // Some committed records in partition 0 of the change log.
  void write_changes(const std::vector<std::string>& values_to_write) {
    auto to = writer();
    for (const std::string& value : values_to_write) write(*to, changes_, 0, "k", value);
    ASSERT_RESULT(to->commit());
  }
  bool poll_until_assigned(GroupMember& member, std::size_t count) {
    return poll_until(member, assignments_, got_,
                      [&] { return assignments_.owned.size() >= count; });
  }

  std::unique_ptr<LogUnderTest> under_test_;
  std::string changes_, state_, positions_;
  Assignments assignments_;
  std::vector<Owned> got_;
};

}  // namespace tailrace::stream::testing
