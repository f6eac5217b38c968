// Tables that are emptied: every row of them leaves every document, and what comes later stays.
#include <gtest/gtest.h>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {
namespace {

void expect_right(Stage& stage, bool restore = false) {
  const Broken broken = stage.rest(restore);
  EXPECT_FALSE(broken) << *broken;
}

TEST(Sweeps, TakeRowsOutOfEveryDocumentAndLeaveLaterOnes) {
  Stage s({});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 1)});
  s.work(s.owner());
  s.truncate(Table::items);
  s.write({item(3, 1, 7)});
  expect_right(s, true);
}

TEST(Sweeps, LeaveStubsOfRootsThatCanComeBack) {
  Stage s({});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.truncate(Table::orders);
  s.work(s.owner());
  s.write({order(1, 9)});
  expect_right(s, true);
}

// The row that comes behind the sweep is applied before the scan has come to its root.
TEST(Sweeps, ComeBeforeWhateverFollowsThem) {
  Stage s({});
  const auto old = s.write({order(1, 1), item(1, 1, 1)});
  s.truncate(Table::items);
  s.write({item(1, 1, 8)});
  s.again(old);
  expect_right(s, true);
}

TEST(Sweeps, GoOnAfterAKillAtAnyMoment) {
  for (int calls = 1; calls < 60; ++calls) {
    Stage s({});
    s.write({order(1, 1), order(2, 1), order(3, 1), item(1, 1, 1), item(2, 2, 1), item(3, 3, 1)});
    s.work(s.owner());
    s.truncate(Table::items);
    s.write({order(2, 5)});
    World::Worker& worker = s.owner();
    for (int n = 0; n < 6; ++n) s.world.step(worker, n == 5 ? calls : 0);
    s.world.kill(worker);
    s.move({.kill = true, .back = calls % 2 == 0 ? &worker : nullptr});
    expect_right(s, calls % 3 == 0);
  }
}

// A zombie still holds the document with the rows.
TEST(Sweeps, AreNotUndoneByAZombie) {
  Stage s({});
  s.write({order(1, 1), item(1, 1, 1)});
  World::Worker& zombie = s.owner();
  s.read(zombie);
  s.submit(zombie);
  s.truncate(Table::items);
  s.move();
  s.work(s.owner());
  s.world.sink().deliver_all();
  expect_right(s);
}

// The old owner's store is from before the sweep, which others have committed since.
TEST(Sweeps, AreRepeatedBySomebodyWhoseStoreIsOlder) {
  Stage s({});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 1)});
  s.work(s.owner());
  World::Worker& first = s.owner();
  s.world.kill(first);
  s.move({.kill = true});
  s.truncate(Table::items);
  s.work(s.owner());
  s.move({.kill = true, .back = &first});
  s.write({order(1, 4)});
  s.work(s.owner());
  s.world.touch_all();
  expect_right(s, true);
}

// The commit has the roots as they are after the sweep, whose documents nobody has written yet.
TEST(Sweeps, ThatWereCommittedUnshownAreShownByWhoTakesOver) {
  for (const bool same_store : {false, true}) {
    Stage s({});
    s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 1)});
    s.work(s.owner());
    World::Worker& first = s.owner();
    s.write({order(1, 2)});
    s.read(first);
    s.sink(first);
    s.truncate(Table::items);
    s.read(first);
    s.commit(first);
    s.world.kill(first);
    s.move({.kill = true, .back = same_store ? &first : nullptr});
    expect_right(s, !same_store);
  }
}

TEST(Sweeps, OfALookupTableLeaveNothingToShow) {
  Stage s({});
  s.write({product(1)});
  s.write({order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 1)});
  s.work(s.owner());
  s.truncate(Table::products);
  s.work(s.owner());
  s.write({item(3, 1, 1)});
  s.work(s.owner());
  s.write({product(5)});
  expect_right(s, true);
}

TEST(Sweeps, OfALookupTableLeaveTheValuesThatAreKept) {
  Stage s({});
  s.write({price(1)});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.truncate(Table::prices);
  s.work(s.owner());
  s.write({price(2)});
  expect_right(s, true);
}

// The view is built anew from a log that has forgotten the values in front of the sweep.
TEST(Sweeps, AreSeenByAViewThatIsBuiltAnew) {
  Stage s({});
  s.write({product(1)});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.truncate(Table::products);
  for (const std::string& topic : World::lookup_topics()) s.world.log().compact(topic);
  s.move({.kill = true});
  s.world.touch_all();
  expect_right(s, true);
}

}  // namespace
}  // namespace tailrace::simulation
