// The part of the contract about members of groups.
// Threading: one thread per test.
#pragma once

#include <map>

#include "tests/unit/stream/event_log_contract.hpp"

namespace tailrace::stream::testing {

TEST_P(EventLogContract, DeliversNothingBeforeStart) {
  write_changes({"1", "2"});
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  EXPECT_THAT(assignments_.assigned, UnorderedElementsAre(0, 1, 2, 3));
  ASSERT_RESULT(member->poll(in_ms(300), assignments_));
  EXPECT_TRUE(member->poll(in_ms(10), assignments_)->empty());
  EXPECT_TRUE(got_.empty());
  ASSERT_RESULT(member->start(0, 0));
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] { return got_.size() >= 2; }));
  EXPECT_THAT(values(got_), ElementsAre("1", "2"));
  EXPECT_TRUE(assignments_.revoked.empty());
  EXPECT_TRUE(assignments_.lost.empty());
}

TEST_P(EventLogContract, StartsWhereItIsTold) {
  write_changes({"1", "2", "3"});
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  ASSERT_RESULT(member->start(0, 1));
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] { return got_.size() >= 2; }));
  EXPECT_THAT(values(got_), ElementsAre("2", "3"));
  got_.clear();
  ASSERT_RESULT(member->start(0, 0));
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] { return got_.size() >= 3; }));
  EXPECT_THAT(values(got_), ElementsAre("1", "2", "3"));
}

TEST_P(EventLogContract, RefusesToStartBehindTheEnd) {
  write_changes({"1"});
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  const auto bounds = member->bounds(0);
  ASSERT_RESULT(bounds);
  const auto refused = member->start(0, bounds->end + 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "log.out_of_range");
  EXPECT_EQ(refused.error().disposition, Disposition::halt);
  ASSERT_RESULT(member->start(0, bounds->end));
}

TEST_P(EventLogContract, KeepsItsPlaceWhilePaused) {
  write_changes({"1", "2"});
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  ASSERT_RESULT(member->start(0, 0));
  ASSERT_RESULT(member->start(1, 0));
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] { return got_.size() >= 2; }));
  ASSERT_RESULT(member->pause(0));
  write_changes({"3", "4"});
  {
    auto to = writer();
    write(*to, changes_, 1, "k", "other");
    ASSERT_RESULT(to->commit());
  }
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] { return got_.size() >= 3; }));
  EXPECT_EQ(got_.back().value, "other");
  ASSERT_RESULT(member->resume(0));
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] { return got_.size() >= 5; }));
  EXPECT_THAT(values(got_), ElementsAre("1", "2", "other", "3", "4"));
}

TEST_P(EventLogContract, CommitsOffsetsWithTheirMetadata) {
  const std::string metadata = "dprog: products=17 " + std::string(2000, 'm');
  {
    auto member = join();
    ASSERT_TRUE(poll_until_assigned(*member, 4));
    const auto before = fetch_committed(*member, 0);
    ASSERT_RESULT(before);
    EXPECT_FALSE(before->has_value());
    EXPECT_FALSE(member->poll_commit(Deadline{}).has_value());
    ASSERT_RESULT(commit(*member, {{}, {{0, {0, metadata}}, {2, {0, ""}}}}));
    ASSERT_RESULT(commit(*member, {{}, {{2, {0, "second"}}}}));
    member->leave();
  }
  assignments_ = {};
  auto successor = join("worker-2");
  ASSERT_TRUE(poll_until_assigned(*successor, 4));
  const auto zero = fetch_committed(*successor, 0);
  ASSERT_RESULT(zero);
  ASSERT_TRUE(zero->has_value());
  EXPECT_EQ((*zero)->offset, 0);
  EXPECT_EQ((*zero)->metadata, metadata);
  EXPECT_EQ((*fetch_committed(*successor, 2))->metadata, "second");
  EXPECT_FALSE(fetch_committed(*successor, 1)->has_value());
}

TEST_P(EventLogContract, RestoresStateRecordsInOrder) {
  if (!log().keeps_state()) GTEST_SKIP() << "keeps no state";
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  std::vector<std::string> seen;
  const auto visit = [&](std::string_view key, std::optional<std::string_view> value) {
    seen.push_back(std::string(key) + "=" + std::string(value.value_or("<none>")));
  };
  ASSERT_RESULT(member->restore(1, visit));
  EXPECT_TRUE(seen.empty());
  CommitBatch first;
  first.state = {{1, "a", "1"}, {1, "b", "1"}, {2, "z", "1"}};
  first.offsets = {{1, {0, ""}}};
  ASSERT_RESULT(commit(*member, first));
  CommitBatch second;
  second.state = {{1, "a", "2"}, {1, "b", std::nullopt}};
  second.offsets = {{1, {0, ""}}};
  ASSERT_RESULT(commit(*member, second));
  ASSERT_RESULT(member->restore(1, visit));
  EXPECT_THAT(seen, ElementsAre("a=1", "b=1", "a=2", "b=<none>"));
}

TEST_P(EventLogContract, TellsAnnouncementsWithTheCommit) {
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  CommitBatch batch;
  batch.offsets = {{0, {0, ""}}};
  batch.announcements = {{positions_, "7", "first"}, {positions_, "8", "second"}};
  ASSERT_RESULT(commit(*member, batch));
  const std::vector<Owned> records = read(*reader(positions_), 2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].key, "7");
  EXPECT_THAT(values(records), ElementsAre("first", "second"));
}

TEST_P(EventLogContract, AcknowledgesAppendsWithTheirOffsets) {
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  ASSERT_RESULT(member->start(0, 0));
  const auto first = member->append(0, "k", "one");
  const auto second = member->append(0, "k", "two");
  ASSERT_RESULT(first);
  ASSERT_RESULT(second);
  EXPECT_NE(*first, *second);
  std::map<std::uint64_t, Offset> acks;
  ASSERT_TRUE(poll_until(*member, assignments_, got_, [&] {
    const auto arrived = member->acknowledged();
    EXPECT_TRUE(arrived);
    for (const AppendAck& ack : *arrived) acks[ack.ticket] = ack.offset;
    return got_.size() >= 2 && acks.size() >= 2;
  }));
  EXPECT_THAT(values(got_), ElementsAre("one", "two"));
  EXPECT_EQ(acks[*first], got_[0].offset);
  EXPECT_EQ(acks[*second], got_[1].offset);
}

TEST_P(EventLogContract, TakesAGroupOverAfterAMemberHasLeft) {
  auto member = join();
  ASSERT_TRUE(poll_until_assigned(*member, 4));
  member->leave();
  member.reset();
  assignments_ = {};
  auto successor = join("worker-2");
  const Deadline before = system_clock().now();
  ASSERT_TRUE(poll_until_assigned(*successor, 4));
  EXPECT_LT(system_clock().now() - before, Milliseconds(5000));  // not a session time-out
}

TEST_P(EventLogContract, SharesPartitionsAmongMembers) {
  if (!under_test_->takes_several_members()) GTEST_SKIP() << "one member only";
  auto one = join("worker-1");
  ASSERT_TRUE(poll_until_assigned(*one, 4));
  // The last commit happens inside the revocation.
  Result<void> last_commit = halt("test.none", "no revocation");
  assignments_.on_revoke = [&](std::span<const Partition> partitions, bool lost) {
    EXPECT_FALSE(lost);
    CommitBatch batch;
    for (const Partition partition : partitions) batch.offsets.push_back({partition, {0, "last"}});
    last_commit = commit(*one, batch);
  };
  auto two = join("worker-2");
  Assignments of_two;
  std::vector<Owned> got_two;
  ASSERT_TRUE(poll_until(*two, of_two, got_two, [&] {
    EXPECT_TRUE(one->poll(in_ms(20), assignments_));
    return of_two.owned.size() == 2;
  }));
  ASSERT_RESULT(last_commit);
  EXPECT_EQ(assignments_.owned.size(), 2U);
  EXPECT_EQ(assignments_.revoked.size(), 2U);
  const Partition moved = of_two.owned[0];
  EXPECT_EQ(fetch_committed(*two, moved)->value().metadata, "last");

  // What has left a living member is refused to it, whatever its present generation is.
  CommitBatch stale;
  stale.state = {{moved, "a", "stale"}};
  stale.offsets = {{moved, {0, "stale"}}};
  const auto refused = commit(*one, stale);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().disposition, Disposition::retry);
  EXPECT_EQ(fetch_committed(*two, moved)->value().metadata, "last");
  // Both go on with what is theirs.
  ASSERT_RESULT(commit(*one, {{}, {{assignments_.owned[0], {0, "one"}}}}));
  ASSERT_RESULT(commit(*two, {{}, {{moved, {0, "two"}}}}));
}

}  // namespace tailrace::stream::testing
