// Lookups: R4, R6, R8-R10, R15 (the design's sim/directed.py, same names).
#include "tests/simulation/directed.hpp"

namespace tailrace::simulation {
namespace {

// Order 1 with item 1, whose product and price are known.
void begin_with_order(Stage& s) {
  s.write({product(1)});
  s.write({price(1)});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
}

Broken append_lost_store_ahead(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  s.work(s.owner());
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(s.owner());
  s.world.log().lose_appends(s.owner().member);
  s.move({.kill = true, .back = &s.owner()});
  return s.rest();
}

Broken append_lost_commit_done(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  s.work(s.owner());
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(s.owner());
  s.sink(s.owner());
  s.commit(s.owner());
  s.world.log().lose_appends(s.owner().member);
  s.move({.kill = true});
  return s.rest();
}

Broken fan_out_lost(WorldOptions options) {
  Stage s(std::move(options));
  begin_with_order(s);
  s.write({product(2)});
  s.view(s.owner());
  s.commit(s.owner());
  s.world.log().lose_appends(s.owner().member);
  s.move({.kill = true});
  return s.rest();
}

// A worker that comes back asks for a value because of a record that it skips; the scan finds that
// under way. Who takes over with an older state does not skip the record, and asks for nothing.
Broken fan_out_relies_on_a_lost_append(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.read(s.owner());
  s.commit(s.owner());  // the store is ahead: its document is not shown yet
  World::Worker& first = s.owner();
  s.move({.kill = true});
  s.move({.kill = true, .back = &first});
  s.write({product(2)});
  first.changes_below = s.end();
  s.view(first);  // in one step it is posted, the record is read, and the scan goes
  s.commit(first);
  s.world.log().lose_appends(first.member);
  s.move({.kill = true});
  return s.rest();
}

Broken view_ahead_at_takeover(WorldOptions options) {
  Stage s(std::move(options));
  begin_with_order(s);
  s.write({product(2)});
  s.move({.kill = true});
  return s.rest();
}

Broken barrier(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  s.work(s.owner());
  s.write({product(2)});
  s.work(s.owner());
  World::Worker& next = s.move({.kill = true, .old_view = true});
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(next);
  // The view takes its time; when it comes, what lies below dprog is not posted again.
  s.send(next);
  s.sink(next);
  if (s.world.sink().documents().empty()) return s.rest();
  const auto shown = read_document(s.world.sink().documents().at("1").write, 1);
  if (shown->values.at({0, Table::products, 1}) == gone) return "read before the view was there";
  return s.rest();
}

Broken refused_progress_is_lost(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  World::Worker& next = s.move();
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(next);
  s.write({product(2)});
  s.view(zombie);  // it knows of no reference
  s.commit(zombie);
  s.move({.kill = true});
  return s.rest();
}

Broken zombie_appends_an_old_value(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(zombie);
  s.move();
  s.write({product(2)});
  s.work(s.owner());
  s.send(zombie);
  return s.rest(true);
}

// Without owner marks (R11, left out) the log's first value is kept, also if a zombie wrote it.
Broken zombie_freezes_an_old_value(WorldOptions options) {
  Stage s(std::move(options));
  s.write({price(1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  s.move();
  s.write({price(2)});
  s.work(s.owner());
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(zombie);
  s.send(zombie);
  s.work(s.owner());
  return s.rest(true);
}

Broken keep_survives_a_restore(WorldOptions options) {
  Stage s(std::move(options));
  begin_with_order(s);
  s.write({price(2)});
  s.work(s.owner());
  s.move({.kill = true});
  s.work(s.owner());
  s.write({order(1, 2)});
  return s.rest(true);
}

Broken keep_gone_then_back(WorldOptions options) {
  Stage s(std::move(options));
  s.write({price(1)});
  s.write({no_price()});
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({price(3)});
  s.work(s.owner());
  s.write({price(4)});
  return s.rest(true);
}

Broken keep_reference_leaves_and_returns(WorldOptions options) {
  Stage s(std::move(options));
  begin_with_order(s);
  s.write({no_item(1)});
  s.work(s.owner());
  s.write({price(2)});
  s.work(s.owner());
  s.move({.kill = true});
  s.write({item(1, 1, 1)});
  return s.rest(true);
}

Broken lookup_gone_and_back(WorldOptions options) {
  Stage s(std::move(options));
  begin_with_order(s);
  s.write({no_product()});
  s.work(s.owner());
  s.move({.kill = true});
  s.write({product(3)});
  return s.rest(true);
}

// Two workers with views of different age never send two contents of one version.
Broken zombie_with_an_older_view(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  World::Worker& next = s.move();
  s.write({product(2)});
  s.view(next);
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(zombie);
  s.sink(zombie);
  s.read(next);
  s.sink(next);
  return s.rest();
}

using O = WorldOptions;
const Directed schedules[] = {
    {"AppendLostStoreAhead", append_lost_store_ahead, "R4: skipped records are looked at",
     [](O& o) { o.rules.look_at_skipped = false; }},
    {"AppendLostCommitDone", append_lost_commit_done, "R15: the offset waits for appends",
     [](O& o) { o.rules.hold_for_appends = false; }},
    {"FanOutLost", fan_out_lost, "R15: dprog waits for appends",
     [](O& o) { o.rules.hold_for_appends = false; }},
    {"FanOutReliesOnALostAppend", fan_out_relies_on_a_lost_append,
     "R15: dprog waits for appends of others", [](O& o) { o.rules.rely_on_asked = false; }},
    {"ViewAheadAtTakeover", view_ahead_at_takeover, "R10: post what lies between",
     [](O& o) { o.rules.post_between = false; }},
    {"Barrier", barrier, "R10: the barrier", [](O& o) { o.rules.wait_at_barrier = false; }},
    {"RefusedProgressIsLost", refused_progress_is_lost, "R15: dprog inside the commit",
     [](O& o) { o.log_rules.fence_metadata = false; }},
    {"ZombieAppendsAnOldValue", zombie_appends_an_old_value, "", nullptr},
    {"ZombieFreezesAnOldValue", zombie_freezes_an_old_value, "", nullptr},
    {"KeepSurvivesARestore", keep_survives_a_restore, "R6: the first value is kept",
     [](O& o) { o.keep_prices = false; }},
    {"KeepGoneThenBack", keep_gone_then_back, "R6: the first value that is not gone",
     [](O& o) { o.keep_prices = false; }},
    {"KeepReferenceLeavesAndReturns", keep_reference_leaves_and_returns,
     "R6: kept while nothing refers to it", [](O& o) { o.keep_prices = false; }},
    {"LookupGoneAndBack", lookup_gone_and_back, "", nullptr},
    {"ZombieWithAnOlderView", zombie_with_an_older_view, "", nullptr},
};

INSTANTIATE_TEST_SUITE_P(Lookups, DirectedSchedules, testing::ValuesIn(schedules), name_of_case);

}  // namespace
}  // namespace tailrace::simulation
