// Commits, takeovers, restores: R4, R12-R19 (the design's sim/directed.py, same names).
#include "tests/simulation/directed.hpp"

namespace tailrace::simulation {
namespace {

Broken crash_between_ack_and_commit(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.read(s.owner());
  s.sink(s.owner());
  s.move({.kill = true});
  s.write({no_item(1)});
  return s.rest(true);
}

Broken crash_inside_a_commit(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.read(s.owner());
  s.sink(s.owner());
  s.begin(s.owner());
  s.move({.kill = true});
  return s.rest(true);
}

Broken crash_between_apply_and_flush(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.read(s.owner());
  s.move({.kill = true, .back = &s.owner()});
  return s.rest();
}

Broken aborted_commit_lives_on(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.read(s.owner());
  s.sink(s.owner());
  s.world.log().fail(fakes::LogCall::poll_commit, 1, retry("sim.aborted", "no").value());
  s.commit(s.owner());
  s.write({order(2, 1)});
  s.work(s.owner());
  s.move({.kill = true});
  s.write({item(2, 1, 2)});
  return s.rest(true);
}

Broken killed_before_the_sink_wrote(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.read(s.owner());
  s.submit(s.owner());
  s.commit(s.owner());
  s.world.kill(s.owner());
  s.world.sink().lose_orphans();
  s.move({.kill = true});
  return s.rest();
}

Broken zombie_commits_late(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  s.write({order(1, 2)});
  s.read(zombie);
  s.sink(zombie);
  s.move();
  s.write({order(1, 3)});
  s.work(s.owner());
  s.commit(zombie);
  s.write({order(2, 1)});
  s.work(s.owner());
  s.world.log().trim(s.world.change_topic(), 0, s.end() - 1);
  s.move({.kill = true});
  s.write({item(1, 1, 1)});
  return s.rest(true);
}

// The partition leaves a living member, whose commit under way goes by its membership.
Broken late_commit_of_a_living_member(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.work(s.owner());
  World::Worker& left = s.owner();
  s.write({order(1, 2)});
  s.read(left);
  s.sink(left);
  s.move();
  s.world.log().rejoin_deaf("sim.order", left.name, left.member);
  s.write({order(1, 3)});
  s.work(s.owner());
  s.commit(left);
  s.world.kill(left);
  s.world.log().expire();
  s.write({order(2, 1)});
  s.work(s.owner());
  s.world.log().trim(s.world.change_topic(), 0, s.end() - 1);
  s.move({.kill = true});
  s.write({item(1, 1, 1)});
  return s.rest(true);
}

Broken commit_undecided_at_takeover(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  s.write({order(1, 2)});
  s.read(zombie);
  s.sink(zombie);
  s.begin(zombie);
  s.move();
  s.write({order(1, 3)});
  s.work(s.owner());
  const auto committed = s.world.log().committed("sim.order", s.world.change_topic(), 0);
  s.finish(zombie);
  const auto after = s.world.log().committed("sim.order", s.world.change_topic(), 0);
  if (after->offset < committed->offset) return "the commit went back";
  s.work(s.owner());
  s.write({item(1, 1, 1)});
  return s.rest(true);
}

Broken offset_visible_before_its_state(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  s.write({no_item(1)});
  s.read(s.owner());
  s.sink(s.owner());
  s.world.log().state_marks_late(true);
  s.commit(s.owner());
  s.world.log().state_marks_late(false);
  s.move();
  s.write({order(1, 2)});
  s.read(s.owner());
  s.sink(s.owner());
  s.world.log().settle_state_marks();
  return s.rest();
}

// A worker that got the partition asks for the committed offset only when it has lost it again.
Broken state_read_before_the_offset(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  World::Worker& slow = s.move({.only_assigned = true});
  World::Worker& next = s.move();
  s.write({no_item(1)});
  s.read(next);
  s.sink(next);
  s.commit(next);
  s.read(slow);
  s.write({order(1, 2)});
  s.read(slow);
  s.sink(slow);
  return s.rest();
}

// The recorded state of order 1 is ahead of the commit; what is replayed must not get an old
// version.
Broken replayed_version(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.read(s.owner());
  s.submit(s.owner());
  const auto second = s.write({order(1, 2)});
  s.read(s.owner());
  s.submit(s.owner());
  s.write({order(1, 3)});
  s.read(s.owner());
  s.world.sink().deliver(0);
  s.commit(s.owner());
  World::Worker& next = s.move({.kill = true});
  s.read(next, second + 1);
  s.submit(next);
  s.world.sink().deliver_all();
  return s.rest();
}

Broken unseen_row_deleted(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  const auto insert = s.write({item(3, 1, 7)});
  s.write({no_item(3)});
  s.work(s.owner());
  s.again(insert);
  s.move({.kill = true});
  return s.rest();
}

Broken children_before_their_root(WorldOptions options) {
  Stage s(std::move(options));
  s.write({item(1, 1, 1)});
  s.work(s.owner());
  s.move({.kill = true});
  s.write({order(1, 1)});
  return s.rest();
}

Broken late_acknowledgement(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.read(s.owner());
  s.submit(s.owner());
  s.write({order(1, 2)});
  s.read(s.owner());
  s.submit(s.owner());
  s.world.sink().deliver(1);
  s.commit(s.owner());
  s.world.sink().deliver(0);
  s.commit(s.owner());
  s.move({.kill = true});
  s.write({item(1, 1, 1)});
  s.read(s.owner());
  s.sink(s.owner());
  return s.rest(true);
}

Broken paused_past_retention(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  s.move();
  s.write({no_item(1)});
  s.work(s.owner());
  s.world.log().trim(s.world.change_topic(), 0, s.end());
  s.write({order(1, 2)});
  s.read(zombie);
  s.sink(zombie);
  return s.rest();
}

Broken store_older_than_the_log(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  World::Worker& first = s.owner();
  s.move({.kill = true});
  s.write({no_item(1)});
  s.work(s.owner());
  s.world.log().trim(s.world.change_topic(), 0, s.end());
  s.move({.kill = true, .back = &first});
  s.write({order(1, 2)});
  return s.rest();
}

Broken store_behind_the_commit(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1), item(1, 1, 1)});
  s.work(s.owner());
  World::Worker& first = s.owner();
  s.move({.kill = true});
  s.write({no_item(1)});
  s.work(s.owner());
  s.move({.kill = true, .back = &first});
  s.write({order(1, 2)});
  return s.rest();
}

Broken aborted_state_is_not_read(WorldOptions options) {
  Stage s(std::move(options));
  s.write({order(1, 1)});
  s.work(s.owner());
  World::Worker& zombie = s.owner();
  s.write({order(1, 2)});
  s.read(zombie);
  s.sink(zombie);
  s.world.log().fail(fakes::LogCall::poll_commit, 1, retry("sim.aborted", "no").value());
  s.write({order(1, 3), item(1, 1, 1)});
  s.move();
  s.work(s.owner());
  return s.rest(true);
}

using O = WorldOptions;
const Directed schedules[] = {
    {"CrashBetweenAckAndCommit", crash_between_ack_and_commit, "", nullptr},
    {"CrashInsideACommit", crash_inside_a_commit, "", nullptr},
    {"CrashBetweenApplyAndFlush", crash_between_apply_and_flush, "", nullptr},
    {"AbortedCommitLivesOn", aborted_commit_lives_on, "R15: an aborted commit's records come again",
     [](O& o) { o.rules.keep_after_abort = false; }},
    {"KilledBeforeTheSinkWrote", killed_before_the_sink_wrote,
     "R15: the offset waits for the sinks", [](O& o) { o.rules.hold_for_sinks = false; }},
    {"ZombieCommitsLate", zombie_commits_late, "R16: commits are fenced",
     [](O& o) { o.log_rules.fence_commits = false; }},
    {"LateCommitOfALivingMember", late_commit_of_a_living_member, "R16: by assignment",
     [](O& o) { o.log_rules.fence_by_assignment = false; }},
    {"CommitUndecidedAtTakeover", commit_undecided_at_takeover, "R17: nothing undecided",
     [](O& o) { o.log_rules.require_stable = o.log_rules.to_high_watermark = false; }},
    {"OffsetVisibleBeforeItsState", offset_visible_before_its_state,
     "R17: state to the high watermark", [](O& o) { o.log_rules.to_high_watermark = false; }},
    {"StateReadBeforeTheOffset", state_read_before_the_offset, "R17: the offset first",
     [](O& o) { o.log_rules.state_after_offset = false; }},
    {"ReplayedVersion", replayed_version, "R4: skip by last[root]",
     [](O& o) { o.rules.skip_by_root = false; }},
    {"UnseenRowDeleted", unseen_row_deleted, "", nullptr},
    {"ChildrenBeforeTheirRoot", children_before_their_root, "R13: state without a document",
     [](O& o) { o.rules.note_unshown = false; }},
    {"LateAcknowledgement", late_acknowledgement, "", nullptr},
    {"PausedPastRetention", paused_past_retention, "R19: never jump",
     [](O& o) { o.log_rules.stop_out_of_range = false; }},
    {"StoreOlderThanTheLog", store_older_than_the_log, "R18: restore over a gap",
     [](O& o) { o.rules.restore_over_gap = false; }},
    {"StoreBehindTheCommit", store_behind_the_commit, "R18: replay what the store lacks",
     [](O& o) { o.rules.replay_behind = false; }},
    {"AbortedStateIsNotRead", aborted_state_is_not_read, "", nullptr},
};

INSTANTIATE_TEST_SUITE_P(Commits, DirectedSchedules, testing::ValuesIn(schedules), name_of_case);

}  // namespace
}  // namespace tailrace::simulation
