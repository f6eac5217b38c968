// Roots that are read again beside the stream: what the log never told of is put right, and what it
// tells of meanwhile is not undone (engine.md §8; acceptance cases 20, 21, 22).
#include <gtest/gtest.h>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {
namespace {

void expect_right(Stage& stage, bool restore = false) {
  const Broken broken = stage.rest(restore);
  EXPECT_FALSE(broken) << *broken;
}

// What waits is read again, though the source may be idle.
void settle(Stage& stage) {
  for (int n = 0; n < 12; ++n) stage.world.step_captures();
  stage.world.capture_all();
  stage.work(stage.owner());
}

// 21
TEST(Imports, TakeOutWhatWasDeletedWithoutATrace) {
  Stage s({});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 1, 2), item(3, 2, 3)});
  s.work(s.owner());
  s.world.server().commit_silently({no_item(2)});
  s.world.import_orders({1});
  settle(s);
  expect_right(s, true);
}

TEST(Imports, TakeOutARootThatWasDeletedWithoutATrace) {
  Stage s({});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.world.server().commit_silently({no_item(1), no_order(1)});
  s.world.import_orders({1});
  settle(s);
  s.write({order(1, 6)});  // and it can come back
  expect_right(s, true);
}

TEST(Imports, BringWhatWasWrittenWithoutATrace) {
  Stage s({});
  s.write({product(4), price(1)});
  s.write({order(1, 1)});
  s.work(s.owner());
  s.world.server().commit_silently({order(1, 7), item(1, 1, 9), order(2, 5), item(2, 2, 1)});
  s.world.import_orders({1, 2});
  settle(s);
  expect_right(s, true);
}

TEST(Imports, CanBeAskedForTwiceWhileTheSourceIsIdle) {
  Stage s({});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.world.server().commit_silently({no_item(1)});
  s.world.import_orders({1});
  settle(s);
  s.world.server().commit_silently({item(1, 1, 5)});
  s.world.import_orders({1});
  settle(s);
  expect_right(s, true);
}

// 22
TEST(Imports, OfUnknownOrdersShowNothing) {
  Stage s({});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.world.import_orders({1, 3, 4});
  settle(s);
  s.write({item(3, 3, 1)});
  s.work(s.owner());
  s.write({order(3, 2)});
  expect_right(s, true);
}

// 20: the source changes between the stream's place and the snapshot, and behind the snapshot.
TEST(Imports, AreReadAgainWhereTheStreamChangesARootMeanwhile) {
  for (int before = 0; before < 6; ++before) {
    for (int after = 0; after < 6; ++after) {
      Stage s({});
      s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 1)});
      s.work(s.owner());
      s.world.import_orders({1, 2});
      for (int n = 0; n < before; ++n) s.world.step_capture();
      s.world.server().commit({item(1, 2, 7), no_item(2)});  // one moves, one goes
      for (int n = 0; n < after; ++n) s.world.step_capture();
      s.world.server().commit({item(1, 1, 8), item(2, 1, 4)});
      settle(s);
      expect_right(s, (before + after) % 2 == 0);
    }
  }
}

TEST(Imports, GoOnAfterCaptureIsKilledAtAnyMoment) {
  for (int calls = 1; calls < 40; ++calls) {
    Stage s({});
    s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 1)});
    s.work(s.owner());
    s.world.server().commit_silently({no_item(1), item(3, 2, 6)});
    s.world.import_orders({1, 2});
    s.world.step_capture();
    s.world.step_capture();  // in the log for good
    s.world.step_capture(calls);
    if (calls % 2 == 0) s.world.kill_capture();
    settle(s);
    expect_right(s, calls % 3 == 0);
  }
}

// A group that one message cannot hold.
TEST(Imports, TravelInParts) {
  WorldOptions options;
  options.part_bytes = 40;
  Stage s(options);
  s.write({order(1, 1), item(1, 1, 1), item(2, 1, 1), item(3, 1, 1), item(4, 1, 1)});
  s.work(s.owner());
  s.world.server().commit_silently({no_item(2), item(5, 1, 5)});
  s.world.import_orders({1});
  settle(s);
  expect_right(s, true);
}

// A record from before the import comes once more behind it.
TEST(Imports, AreNotUndoneByARewind) {
  Stage s({});
  const auto old = s.write({order(1, 1), item(1, 1, 1), item(2, 1, 1)});
  s.work(s.owner());
  s.world.server().commit_silently({no_item(1)});
  s.world.import_orders({1});
  settle(s);
  s.again(old);
  expect_right(s, true);
}

// A table's rows in a database of their own: each database replaces what it told itself.
TEST(Imports, OfOneDatabaseLeaveTheRowsOfTheOther) {
  WorldOptions options;
  options.sources = SourceKind::split;
  Stage s(options);
  s.write({order(1, 1), item(1, 1, 1)});
  s.write({{Table::payments, 1, Row{1, 1, 5}}, {Table::payments, 2, Row{2, 1, 6}}}, 1);
  s.work(s.owner());
  s.world.server(1).commit_silently({{Table::payments, 1, std::nullopt}});
  s.world.import_orders({1}, 1);
  settle(s);
  s.world.server(1).commit_silently({{Table::payments, 2, std::nullopt}});
  s.world.import_orders({1}, 1);
  settle(s);
  s.world.server(0).commit_silently({no_item(1)});
  s.world.import_orders({1}, 0);
  settle(s);
  expect_right(s, true);
}

// The order lives on another shard by now; what is read here again must not take it over.
TEST(Imports, DoNotMoveAnOrderBetweenShards) {
  WorldOptions options;
  options.sources = SourceKind::unique;
  Stage s(options);
  s.write({order(1, 1), item(1, 1, 1)}, 0);
  s.write({no_order(1), no_item(1)}, 0);
  s.write({order(1, 2), item(1, 1, 2)}, 1);
  s.work(s.owner());
  s.world.import_orders({1}, 0);
  settle(s);
  s.world.import_orders({1}, 1);
  settle(s);
  expect_right(s, true);
}

// What hangs on an order by a declared foreign key.
TEST(Imports, KeepWhatHangsOnAnOrderWithItsOrder) {
  WorldOptions options;
  options.payments_hang = true;
  Stage s(options);
  s.write({order(1, 1), {Table::payments, 1, Row{1, 1, 5}}});
  s.work(s.owner());
  s.world.import_orders({1});
  settle(s);
  s.world.server().commit_silently({{Table::payments, 2, Row{2, 1, 7}}});
  s.world.import_orders({1});
  settle(s);
  s.write({no_order(1)});
  s.work(s.owner());
  s.write({order(1, 3)});
  expect_right(s, true);
}

}  // namespace
}  // namespace tailrace::simulation
