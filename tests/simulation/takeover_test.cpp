// A server takes over that lacks transactions which were read: what they changed is read again, and
// at rest the documents are those of the new server (engine.md §4.4; acceptance case 18).
#include <gtest/gtest.h>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {
namespace {

void expect_right(Stage& stage, bool restore = false) {
  const Broken broken = stage.rest(restore);
  EXPECT_FALSE(broken) << *broken;
}

void lay_out(Stage& s) {
  s.write({product(4), price(1)});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 1, 2), item(3, 2, 3)});
  s.work(s.owner());
}

TEST(Takeover, TakesBackWhatTheNewServerNeverGot) {
  for (const bool restore : {false, true}) {
    Stage s({});
    lay_out(s);
    s.write({order(1, 7), no_item(2), item(4, 1, 9)});
    s.write({order(3, 5), item(5, 3, 1)});
    s.write({no_item(3), no_order(2)});
    s.work(s.owner());
    s.world.fail_over(3, 3);
    expect_right(s, restore);
  }
}

TEST(Takeover, TakesBackAnItemThatMoved) {
  Stage s({});
  lay_out(s);
  s.write({item(1, 2, 1)});
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_right(s);
}

TEST(Takeover, TakesBackANameAndARowThatIsLookedUp) {
  for (const bool deleted : {false, true}) {
    Stage s({});
    lay_out(s);
    s.write({deleted ? no_product() : product(9)});
    s.work(s.owner());
    s.world.fail_over(1, 1);
    expect_right(s, true);
  }
}

TEST(Takeover, TakesBackARowThatOnlyTheOldServerHadToLookUp) {
  Stage s({});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({product(4)});
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_right(s);
}

// Only a batch that was aborted had shown it; no position holds it.
TEST(Takeover, TakesBackWhatAnAbortedBatchHadShown) {
  for (const bool value : {false, true}) {
    Stage s({});
    lay_out(s);
    s.world.server().commit({value ? product(9) : order(1, 8)});
    s.world.step_capture();
    s.world.kill_capture();
    s.work(s.owner());
    s.world.fail_over(1, 1);
    expect_right(s);
  }
}

// Capture was opened again and told where it is before the other server took over.
TEST(Takeover, FindsWhatWasShownInFrontOfLaterProgress) {
  Stage s({});
  lay_out(s);
  s.world.server().commit({order(1, 8)});
  s.world.step_capture();
  s.world.kill_capture();
  s.world.fail_over(0, 0);
  s.world.server().commit_elsewhere();
  s.world.capture_all();
  s.world.server().commit({order(2, 8)});
  s.world.step_capture();
  s.world.kill_capture();
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_right(s);
}

// The first server that takes over has it, and the next one, before it was read again.
TEST(Takeover, FindsWhatWasShownBeforeTheLastServerButOne) {
  Stage s({});
  lay_out(s);
  s.world.server().commit({order(2, 5)});
  s.world.server().commit({order(1, 8), product(9)});
  s.world.step_capture();
  s.world.step_capture();
  s.world.kill_capture();
  s.work(s.owner());
  s.world.fail_over(0, 0);
  for (int n = 0; n < 4; ++n) s.world.step_capture();  // reads the first of the two again
  s.world.clock().advance(std::chrono::seconds(1));
  s.world.step_capture();
  s.world.kill_capture();
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_right(s);
}

TEST(Takeover, GoesOnAfterAKillAtAnyCall) {
  for (int calls = 1; calls < 80; ++calls) {
    Stage s({});
    lay_out(s);
    s.write({order(1, 7), no_item(2), item(4, 1, 9), product(9)});
    s.work(s.owner());
    s.world.fail_over(1, 1);
    s.world.server().commit({order(2, 9)});
    s.world.step_capture(calls);
    if (calls % 2 == 0) s.world.kill_capture();
    expect_right(s, calls % 3 == 0);
  }
}

// What the new server commits meanwhile is newer than what is read of it.
TEST(Takeover, DoesNotUndoWhatTheNewServerCommits) {
  for (int steps = 0; steps < 14; ++steps) {
    Stage s({});
    lay_out(s);
    s.write({order(1, 7), item(4, 1, 9), product(9)});
    s.work(s.owner());
    s.world.fail_over(1, 1);
    for (int n = 0; n < steps; ++n) s.world.step_captures();
    s.world.server().commit({order(1, 3), item(4, 2, 4), product(2)});
    expect_right(s);
  }
}

TEST(Takeover, OfTwoServersInARowTakesBackWhatBothLack) {
  Stage s({});
  lay_out(s);
  s.write({order(1, 7), product(9)});
  s.write({order(2, 7), item(4, 2, 9)});
  s.work(s.owner());
  s.world.fail_over(1, 1);
  s.world.step_captures();
  s.world.fail_over(1, 1);
  expect_right(s);
}

TEST(Takeover, OfOneShardLeavesTheOtherAsItIs) {
  WorldOptions options;
  options.sources = SourceKind::by_shard;
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1), product(4)});
  s.write({order(1, 2), item(1, 1, 2), product(5)}, 1);
  s.work(s.owner());
  s.write({order(1, 7), product(9)});
  s.write({order(1, 8), product(8)}, 1);
  s.work(s.owner());
  s.world.fail_over(1, 1, 1);
  expect_right(s);
}

// Nothing is passed over in silence.
void expect_stop(Stage& stage, const std::string& reason) {
  const Broken broken = stage.rest();
  ASSERT_TRUE(broken);
  EXPECT_NE(broken->find("source.diverged"), std::string::npos) << *broken;
  EXPECT_NE(broken->find(reason), std::string::npos) << *broken;
}

TEST(Takeover, StopsWhereATableWasEmptiedOnTheOldServer) {
  Stage s({});
  lay_out(s);
  s.truncate(Table::payments);
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_stop(s, "table payments was emptied");
}

TEST(Takeover, StopsWhereTheFirstLoadWasReadFromTheOldServer) {
  WorldOptions options;
  Stage s(options);
  s.world.server().commit({order(1, 1)});
  s.world.server().commit({order(2, 1)});
  s.world.lose_log();
  s.world.capture_all();
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_stop(s, "the log does not reach back");
}

TEST(Takeover, StopsWhereRowsBelowOtherChildrenAreShown) {
  WorldOptions options;
  options.shipments = true;
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.write({order(1, 2)});
  s.work(s.owner());
  s.world.fail_over(1, 1);
  expect_stop(s, "lacks transactions that were read");
}

}  // namespace
}  // namespace tailrace::simulation
