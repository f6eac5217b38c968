// Several sources, played step by step: shards with documents of their own, shards that share them,
// tables of one document in two databases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {
namespace {

using testing::HasSubstr;
using testing::Not;

WorldOptions with(SourceKind sources) {
  WorldOptions options;
  options.sources = sources;
  return options;
}

// The number as source 1 writes it.
std::string of_b(std::int64_t number) { return std::to_string(number + numbers_of_a_source); }

Write payment(std::int64_t id, std::int64_t of_order, std::int64_t amount) {
  return {Table::payments, id, Row{id, of_order, amount}};
}

std::string body(Stage& s, const std::string& id) {
  const Documents& documents = s.world.sink().documents();
  const auto at = documents.find(id);
  return at == documents.end() ? "" : at->second.write.body;
}

void expect_law(const Broken& broken) { EXPECT_FALSE(broken) << *broken; }

TEST(ShardsWithDocumentsOfTheirOwn, NeverMixOneIdOfTwoShards) {
  Stage s(with(SourceKind::by_shard));
  s.write({product(7), order(1, 1), item(1, 1, 1)}, 0);
  s.write({product(8), order(1, 2), item(1, 1, 2)}, 1);
  s.work(s.owner());
  s.write({product(9)}, 0);
  s.write({no_item(1)}, 1);
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "a-1"), HasSubstr("\"product\":{\"name\":9,"));
  EXPECT_THAT(body(s, "b-1"), HasSubstr("\"note\":" + of_b(2) + ",\"items\":[]"));
}

TEST(ShardsWithDocumentsOfTheirOwn, FollowTheLookupRowOfTheirShardOnly) {
  Stage s(with(SourceKind::by_shard));
  s.write({product(7), order(1, 1), item(1, 1, 1)}, 0);
  s.write({order(1, 2), item(1, 1, 2)}, 1);
  s.work(s.owner());
  EXPECT_THAT(body(s, "b-1"), HasSubstr("\"product\":null"));
  s.write({product(8)}, 1);
  s.write({no_product()}, 0);
  s.work(s.owner());
  expect_law(s.rest());
  EXPECT_THAT(body(s, "a-1"), HasSubstr("\"product\":null"));
  EXPECT_THAT(body(s, "b-1"), HasSubstr("\"name\":" + of_b(8)));
}

TEST(AnOrderOnTwoShards, SurvivesItsMoveWhenTheOldRowIsDeletedLast) {
  Stage s(with(SourceKind::unique));
  s.write({order(1, 1), item(1, 1, 1)}, 0);
  s.work(s.owner());
  s.write({order(1, 2), item(1, 1, 2)}, 1);
  s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":" + of_b(2)));
  s.write({no_item(1), no_order(1)}, 0);
  s.work(s.owner());
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":" + of_b(2)));
  EXPECT_THAT(body(s, "1"), Not(HasSubstr("\"qty\":1,")));
}

TEST(AnOrderOnTwoShards, SurvivesItsMoveWhenTheOldRowIsDeletedFirst) {
  Stage s(with(SourceKind::unique));
  s.write({order(1, 1), item(1, 1, 1)}, 0);
  s.work(s.owner());
  s.write({no_item(1), no_order(1)}, 0);
  s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"deleted\":true"));
  s.write({order(1, 2)}, 1);
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":" + of_b(2)));
}

TEST(AnOrderOnTwoShards, ShowsTheRowWhoseTokenRoseLastAlsoAfterRepeatsAndARestore) {
  Stage s(with(SourceKind::unique));
  const auto first = s.write({order(1, 1)}, 0);
  s.write({order(1, 2)}, 1);
  s.work(s.owner());
  s.again(first);  // an equal token does not rise
  s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":" + of_b(2)));
  s.move({.kill = true});  // with nothing but the state topic
  s.write({payment(1, 1, 5)}, 0);
  s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":" + of_b(2)));
  s.write({order(1, 3)}, 0);
  expect_law(s.rest());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":3"));
}

TEST(AnOrderOnTwoShards, IsAStubWhenBothRowsAreGone) {
  Stage s(with(SourceKind::unique));
  s.write({order(1, 1)}, 0);
  s.write({order(1, 2)}, 1);
  s.write({no_order(1)}, 1);
  s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":1"));
  s.write({no_order(1)}, 0);
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"deleted\":true"));
}

TEST(ChildrenOfAnotherSource, WaitForTheirOrder) {
  Stage s(with(SourceKind::split));
  s.write({payment(1, 1, 5)}, 1);
  s.work(s.owner());
  EXPECT_EQ(body(s, "1"), "");
  s.write({order(1, 1)}, 0);
  s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"amount\":" + of_b(5)));
  s.write({no_order(1)}, 0);
  s.write({order(1, 2)}, 0);
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"amount\":" + of_b(5)));
  // Each source's last transaction is told.
  EXPECT_THAT(body(s, "1"), HasSubstr("\"a\":{\"gtid\":\""));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"b\":{\"gtid\":\""));
}

TEST(TheFirstLoadOfSeveralSources, ShowsNothingBeforeTheLastOneHasEnded) {
  WorldOptions options = with(SourceKind::split);
  options.before = {order(1, 1), payment(1, 1, 5)};
  options.partitions = 1;
  World world(options);
  const std::size_t worker = world.add_worker();
  world.capture_all(0);
  for (int n = 0; n < 20; ++n) {
    world.step_capture(0, 0);
    world.step(world.worker(worker));
    world.sink().deliver_all();
    world.clock().advance(Milliseconds(300));
  }
  EXPECT_TRUE(world.sink().documents().empty());
  world.come_to_rest();
  expect_law(world.broken());
  EXPECT_EQ(world.sink().documents().size(), 1u);
}

// Tokens order one source only, and so do the horizons of tombstones.
TEST(TombstonesOfOneSource, StayWhileOnlyAnotherOneGoesOn) {
  WorldOptions options = with(SourceKind::unique);
  Stage s(options);
  s.write({order(1, 1)}, 0);
  const auto insert = s.write({item(1, 1, 1)}, 1);
  s.write({no_item(1)}, 1);
  for (std::int64_t n = 2; n < 12; ++n) s.write({order(1, n)}, 0);
  s.world.clock().advance(std::chrono::hours(60));
  s.world.step_capture(0, 0);  // says how far source 0 is; source 1 says nothing
  s.world.step_capture(0, 0);
  s.work(s.owner());
  s.again(insert);
  expect_law(s.rest());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"items\":[]"));
}

// It has rows, and its first load takes a while; what changes meanwhile is shown behind it.
TEST(AShardThatIsAddedLater, GetsItsFirstLoadAndHoldsUpNothingForGood) {
  WorldOptions options = with(SourceKind::unique);
  options.second_later = true;
  Stage s(options);
  s.write({product(7), order(1, 1), item(1, 1, 1)}, 0);
  s.work(s.owner());
  s.world.server(1).commit({order(2, 5), item(4, 2, 1)});
  s.world.add_source();
  s.world.step(s.owner());
  s.world.capture_all(0);
  s.world.server(0).commit({order(1, 2)});
  s.world.capture_all(0);
  for (int n = 0; n < 3; ++n) s.work(s.owner());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":1,"));
  expect_law(s.rest());
  EXPECT_THAT(body(s, "1"), HasSubstr("\"note\":2,"));
  EXPECT_THAT(body(s, "2"), HasSubstr("\"note\":" + of_b(5)));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"name\":7"));
}

TEST(ATableThatIsEmptiedOnOneShard, KeepsItsRowsOnTheOther) {
  Stage s(with(SourceKind::unique));
  s.write({product(7), order(1, 1), item(1, 1, 1)}, 0);
  s.write({product(8), item(2, 1, 2)}, 1);
  s.work(s.owner());
  s.truncate(Table::products, 1);
  s.truncate(Table::items, 0);
  s.work(s.owner());
  s.write({item(3, 1, 3)}, 0);
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"name\":7"));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"product\":null"));
  EXPECT_THAT(body(s, "1"), Not(HasSubstr("\"qty\":1,")));
}

// One capture dies behind the first part of a group and goes on with the second; in between the
// other one's parts come, in the same partition.
TEST(PartsOfTwoSources, ComeInBetweenEachOther) {
  WorldOptions options = with(SourceKind::unique);
  options.part_bytes = 40;
  options.capture_batch_bytes = 20;
  Stage s(options);
  const std::vector<Write> many = {order(1, 1), item(1, 1, 1), item(2, 1, 2), item(3, 1, 3)};
  s.world.server(0).commit(many);
  s.world.step_capture(3, 0);
  ASSERT_FALSE(s.world.is_captured(0));
  s.write({order(2, 1), item(4, 2, 1), item(5, 2, 2), item(6, 2, 3)}, 1);
  s.world.capture_all();
  s.work(s.owner());
  expect_law(s.rest(true));
  EXPECT_THAT(body(s, "1"), HasSubstr("\"qty\":3"));
  EXPECT_THAT(body(s, "2"), HasSubstr("\"qty\":" + of_b(3)));
}

TEST(ATakeOverWithTwoSources, KeepsBothOfThem) {
  for (const SourceKind kind : {SourceKind::by_shard, SourceKind::unique}) {
    Stage s(with(kind));
    s.write({product(1), order(1, 1), item(1, 1, 1)}, 0);
    s.write({product(2), order(1, 2), item(2, 1, 2)}, 1);
    s.work(s.owner());
    s.write({item(3, 1, 3)}, 1);
    s.read(s.owner());
    s.move({.old_view = true});
    s.write({product(3)}, 0);
    s.write({product(4)}, 1);
    expect_law(s.rest(true));
  }
}

}  // namespace
}  // namespace tailrace::simulation
