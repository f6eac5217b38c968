// Rows, tombstones, sinks: R5, R12, R13, marks, the first load, the source's order.
#include "tests/simulation/directed.hpp"

namespace tailrace::simulation {
namespace {

Broken tombstones_survive_a_restore(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  const auto insert = s.write({item(1, 1, 1)});
  s.write({no_item(1)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.work(s.owner());
  s.move({.kill = true});
  s.again(insert);
  return s.rest();
}

Broken older_row_comes_late(WorldOptions options) {
  Stage s(std::move(options));
  const auto first = s.write({order(1, 1), item(1, 1, 1)});
  s.write({order(1, 2), item(1, 1, 2)});
  s.work(s.owner());
  s.again(first);
  return s.rest();
}

Broken child_moves(WorldOptions options) {
  Stage s(std::move(options));
  s.write({product(1)});
  const auto first = s.write({order(1, 1), order(2, 1), item(1, 1, 1)}) - 1;
  s.work(s.owner());
  const auto moved = s.write({item(1, 2, 2)});
  s.read(s.owner(), moved);
  s.move({.kill = true, .back = &s.owner()});
  s.write({product(2)});
  s.write({item(1, 1, 3)});
  s.again(first);
  s.again(moved - 1);
  s.again(moved);
  return s.rest(true);
}

Broken root_deleted_and_back(WorldOptions options) {
  Stage s(std::move(options));
  const auto first = s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({no_order(1)});
  s.work(s.owner());
  s.move({.kill = true});
  s.again(first);
  s.write({order(1, 5)});
  return s.rest(true);
}

Write payment(std::int64_t id, std::int64_t of_order, std::int64_t amount) {
  return {Table::payments, id, Row{id, of_order, amount}};
}

// The binlog says nothing of the payments that go with their order.
Broken cascade_in_no_binlog(WorldOptions options) {
  options.payments_hang = true;
  Stage s(std::move(options));
  const auto first = s.write({order(1, 1), payment(1, 1, 5)});
  s.work(s.owner());
  const auto deleted = s.write({no_order(1)});
  s.write({order(1, 2)});
  s.work(s.owner());
  s.move({.kill = true});
  s.again(first);
  s.again(deleted);
  s.write({payment(2, 1, 7)});
  return s.rest(true);
}

// REPLACE: the order goes and comes back in one transaction, its payments only go.
Broken cascade_of_a_replaced_order(WorldOptions options) {
  options.payments_hang = true;
  Stage s(std::move(options));
  const auto first = s.write({order(1, 1), payment(1, 1, 5), payment(2, 1, 6)});
  s.write({no_order(1), order(1, 2), payment(3, 1, 7)});
  s.work(s.owner());
  s.again(first);
  return s.rest(true);
}

// What left the order before it was deleted lives on in another one, and may come back.
Broken cascade_behind_a_move(WorldOptions options) {
  options.payments_hang = true;
  Stage s(std::move(options));
  s.write({order(1, 1), order(2, 1), payment(1, 1, 5), payment(2, 1, 6)});
  const auto moved = s.write({payment(1, 2, 5)});
  s.work(s.owner());
  s.write({no_order(1)});
  s.move({.kill = true});
  s.again(moved);
  s.again(moved - 1);
  s.write({order(1, 3)});
  s.write({payment(1, 1, 8)});
  return s.rest(true);
}

// Insert and delete fall into one flush of the owner; a zombie holds the inserted document.
Broken ghost_by_a_zombie(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  World::Worker& zombie = s.owner();
  s.read(zombie);
  s.submit(zombie);
  s.write({no_order(1)});
  s.move();
  s.work(s.owner());
  s.world.sink().deliver_all();
  return s.rest();
}

Broken late_write_after_a_delete(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.read(s.owner());
  s.submit(s.owner());
  s.world.sink().deliver(0, true);  // it is there, and its answer lost: it comes again
  s.write({no_order(1)});
  s.read(s.owner());
  s.submit(s.owner());
  s.world.sink().deliver(1);
  s.world.sink().deliver(0);
  return s.rest();
}

Broken reordered_bulks(WorldOptions options) {
  Stage s(std::move(options));
  for (const auto& write : {order(1, 1), item(1, 1, 1), no_item(1)}) {
    s.write({write});
    s.read(s.owner());
    s.submit(s.owner());
  }
  s.world.sink().deliver(2);
  s.world.sink().deliver_all();
  return s.rest();
}

Broken toggled_inside_a_flush(WorldOptions options) {
  Stage s(std::move(options));
  World::Worker& zombie = s.owner();
  s.move();
  s.write({order(1, 1)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.read(zombie);
  s.write({order(1, 1)});
  s.submit(zombie);
  s.work(s.owner());
  s.sink(zombie);
  return s.rest();
}

// The sink is away with a document on its way; a newer one follows before it answers.
Broken mark_cleared_by_an_older_document(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.read(s.owner());
  s.submit(s.owner());
  s.world.sink().set_down(s.world.clock().now());
  s.world.clock().advance(std::chrono::seconds(10));
  s.write({order(1, 2)});
  s.read(s.owner());
  s.submit(s.owner());
  s.world.sink().set_down(std::nullopt);
  s.world.sink().deliver_all();
  for (const auto& port : s.owner().ports) port->close(true);
  s.world.step(s.owner());
  s.commit(s.owner());
  s.move({.kill = true});
  return s.rest();
}

// The first load is slow: half of an order must not be shown.
Broken first_load(WorldOptions options) {
  options.before = {order(1, 1), item(1, 1, 1), item(2, 1, 2)};
  options.snapshot_chunk_rows = 1;
  options.partitions = 1;
  World world(std::move(options));
  const std::size_t worker = world.add_worker();
  for (int n = 0; n < 20; ++n) {
    world.step_capture();
    for (int k = 0; k < 3; ++k) world.step(world.worker(worker));
    world.sink().deliver_all();
    world.clock().advance(Milliseconds(100));
  }
  world.come_to_rest();
  return world.broken();
}

// What an aborted batch showed of the old server must lose against the new one's transactions.
Broken new_server_without_what_was_shown(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.work(s.owner());
  // Published, not committed, and then lost with the old server.
  s.world.server().commit({order(1, 2)});
  s.world.server().commit({order(1, 3)});
  s.world.step_capture();
  s.world.step_capture();
  s.world.kill_capture();
  s.read(s.owner());
  s.world.fail_over(2, 2);
  s.write({order(1, 4)});
  s.work(s.owner());
  return s.rest();
}

// Read, shown and committed, and then lost with the old server.
Broken new_server_lacks_what_was_read(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.write({order(1, 2)});
  s.work(s.owner());
  s.world.fail_over(1, 1);
  s.world.capture_all();
  s.work(s.owner());
  return s.rest();
}

Broken new_server_lacks_what_an_aborted_batch_showed(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.world.server().commit({product(2)});
  s.world.step_capture();
  s.world.kill_capture();
  s.read(s.owner());
  s.world.fail_over(1, 1);
  s.world.capture_all();
  s.work(s.owner());
  return s.rest();
}

using O = WorldOptions;
const Directed schedules[] = {
    {"TombstonesSurviveARestore", tombstones_survive_a_restore, "R5: tombstones",
     [](O& o) { o.rules.keep_tombstones = false; }},
    {"OlderRowComesLate", older_row_comes_late, "R5: by token",
     [](O& o) { o.rules.order_by_token = false; }},
    {"ChildMoves", child_moves, "R5: by token", [](O& o) { o.rules.order_by_token = false; }},
    {"RootDeletedAndBack", root_deleted_and_back, "", nullptr},
    {"CascadeInNoBinlog", cascade_in_no_binlog, "§4: hidden cascades are emulated",
     [](O& o) { o.cascades_declared = false; }},
    {"CascadeOfAReplacedOrder", cascade_of_a_replaced_order, "§4: hidden cascades are emulated",
     [](O& o) { o.cascades_declared = false; }},
    {"CascadeBehindAMove", cascade_behind_a_move, "§4: hidden cascades are emulated",
     [](O& o) { o.cascades_declared = false; }},
    {"GhostByAZombie", ghost_by_a_zombie, "R12: a stub for what we never wrote",
     [](O& o) { o.rules.stub_unseen = false; }},
    {"LateWriteAfterADelete", late_write_after_a_delete, "§7: deletes keep their version",
     [](O& o) { o.sink_rules.keep_stubs = false; }},
    {"ReorderedBulks", reordered_bulks, "§7: versions",
     [](O& o) { o.sink_rules.compare_versions = false; }},
    {"ToggledInsideAFlush", toggled_inside_a_flush, "", nullptr},
    {"MarkClearedByAnOlderDocument", mark_cleared_by_an_older_document,
     "§5: a mark stays until the current content is there",
     [](O& o) { o.rules.mark_until_current = false; }},
    {"FirstLoad", first_load, "§8: nothing before snapshot_end",
     [](O& o) { o.rules.wait_for_first_load = false; }},
    {"NewServerWithoutWhatWasShown", new_server_without_what_was_shown, "§4: seq jumps",
     [](O& o) { o.rules.jump_at_new_server = false; }},
    {"NewServerLacksWhatWasRead", new_server_lacks_what_was_read, "§4: lost rows are read again",
     [](O& o) { o.rules.read_lost_again = false; }},
    {"NewServerLacksWhatAnAbortedBatchShowed", new_server_lacks_what_an_aborted_batch_showed,
     "§4: lost rows are read again", [](O& o) { o.rules.read_lost_again = false; }},
};

INSTANTIATE_TEST_SUITE_P(Rows, DirectedSchedules, testing::ValuesIn(schedules), name_of_case);

}  // namespace
}  // namespace tailrace::simulation
