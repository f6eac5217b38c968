// What random runs and their schedules found in the engine, each as it was shrunk.
#include <gtest/gtest.h>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {
namespace {

WorldOptions one_partition() {
  WorldOptions options;
  options.partitions = 1;
  options.commit_interval = std::chrono::hours(1);
  return options;
}

void steps(World& world, std::size_t worker, int times) {
  for (int n = 0; n < times; ++n) world.step(world.worker(worker));
}

// A worker reads past snapshot_end, but its commit stands before it: a lookup append is still out.
// The next owner's store is older than that commit; at the commit it has half of the first load.
TEST(FirstLoad, IsNotWholeAtACommitBeforeItsEnd) {
  WorldOptions options = one_partition();
  options.before = {product(1), order(1, 1), order(2, 1), item(1, 1, 1), item(2, 2, 2)};
  options.snapshot_chunk_rows = 1;
  options.records_per_poll = 1;
  World world(std::move(options));
  const std::size_t first = world.add_worker();
  while (world.log().last_record(world.change_topic(), 0) < 0) world.step_capture();
  steps(world, first, 4);
  world.kill(world.worker(first));
  world.log().expire();
  world.capture_all();
  const std::size_t second = world.add_worker();
  steps(world, second, 15);  // what it asks the lookups for never arrives
  world.clock().advance(std::chrono::hours(1));
  steps(world, second, 2);
  world.kill(world.worker(second));
  world.log().expire();
  world.start(world.worker(first));
  for (int n = 0; n < 5; ++n) {
    world.clock().advance(Milliseconds(300));
    steps(world, first, 1);
    world.sink().deliver_all();
  }
  world.come_to_rest();
  EXPECT_FALSE(world.broken()) << *world.broken();
}

// A document of the new log waits for its sink; the old log's one must not be stubbed meanwhile.
TEST(NewLog, StubsNothingThatIsStillPending) {
  WorldOptions options = one_partition();
  options.commit_interval = Milliseconds(200);
  options.before = {order(1, 1)};
  World world(std::move(options));
  const std::size_t worker = world.add_worker();
  world.come_to_rest();
  world.lose_log();
  world.capture_all();
  world.sink().set_down(world.clock().now());
  for (int n = 0; n < 8; ++n) {
    steps(world, worker, 1);
    world.clock().advance(std::chrono::seconds(2));
  }
  world.kill(world.worker(worker));
  world.sink().set_down(std::nullopt);
  world.start(world.worker(worker));
  for (int n = 0; n < 6; ++n) {
    steps(world, worker, 1);
    world.sink().deliver_all();
  }
  world.come_to_rest();
  EXPECT_FALSE(world.broken()) << *world.broken();
}

// The sink refuses a document of the new log, and its partition leaves while the sink is asked for
// what the old log left there: a document of the old one is better than none.
TEST(NewLog, StubsNoDeadLetterOfAPartitionThatLeaves) {
  for (int calls = 1; calls < 20; ++calls) {
    WorldOptions options = one_partition();
    options.commit_interval = Milliseconds(200);
    options.before = {order(1, 1), order(2, 1)};
    World world(std::move(options));
    const std::size_t worker = world.add_worker();
    world.come_to_rest();
    world.sink().poison("1");
    world.lose_log();
    world.capture_all();
    for (int n = 0; n < calls; ++n) {
      steps(world, worker, 1);
      world.sink().deliver_all();
      world.clock().advance(Milliseconds(300));
    }
    world.expel(world.worker(worker), false);
    steps(world, worker, 3);
    world.come_to_rest();  // the sink takes everything by now
    EXPECT_FALSE(world.broken()) << calls << ": " << *world.broken();
  }
}

// Nobody has all partitions, and yet the documents of orders that are gone get their stubs.
TEST(NewLog, IsCleanedUpByOneOfSeveralWorkers) {
  WorldOptions options = one_partition();
  options.partitions = 3;
  options.commit_interval = Milliseconds(200);
  options.before = {order(1, 1), order(2, 1), order(3, 1), order(4, 1)};
  World world(std::move(options));
  for (int n = 0; n < 3; ++n) world.add_worker();
  world.come_to_rest();
  for (std::int64_t id = 1; id <= 3; ++id) world.server().commit({no_order(id)});
  world.lose_log();
  world.come_to_rest();
  EXPECT_FALSE(world.broken()) << *world.broken();
}

// The log drops what a worker is silently replaying: it restores, and does not give up.
TEST(Retention, OvertakesAReplay) {
  WorldOptions options;
  options.records_per_poll = 1;
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  World::Worker& first = s.owner();
  s.move({.kill = true});
  for (std::int64_t note = 2; note < 6; ++note) s.write({order(1, note)});
  s.write({no_item(1)});
  for (int n = 0; n < 8; ++n) s.work(s.owner());
  s.move({.kill = true, .back = &first});
  s.world.log().trim(s.world.change_topic(), 0, s.end());
  s.write({order(1, 7)});
  const Broken broken = s.rest();
  EXPECT_FALSE(broken) << *broken;
}

// The first part of a group was published, and then its transaction was lost with the server.
TEST(Parts, OfALostTransactionLetTheCommitGo) {
  WorldOptions options;
  options.part_bytes = 40;
  Stage s(std::move(options));
  s.world.server().commit({order(1, 1), item(1, 1, 1), item(2, 1, 2), item(3, 1, 3)});
  s.world.step_capture(3);  // dies behind two parts
  ASSERT_GT(s.end(), 0);
  s.world.server().allow_losing(1);
  s.world.server().fail_over(1);
  s.world.server().commit_elsewhere();
  const Broken broken = s.rest();
  EXPECT_FALSE(broken) << *broken;
}

// A state topic that is undecided for a moment costs a moment, not the worker.
TEST(Restore, AsksAgainWhileTheStateIsUndecided) {
  Stage s(WorldOptions{});
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(s.owner());
  s.sink(s.owner());
  s.world.log().state_marks_late(true);
  s.commit(s.owner());
  s.world.log().state_marks_late(false);
  World::Worker& next = s.move({.kill = true});
  const auto* projector = next.projector.get();
  ASSERT_NE(projector, nullptr);
  s.read(next);
  s.world.log().settle_state_marks();
  const Broken broken = s.rest();
  EXPECT_FALSE(broken) << *broken;
  EXPECT_EQ(next.projector.get(), projector);
}

}  // namespace
}  // namespace tailrace::simulation
