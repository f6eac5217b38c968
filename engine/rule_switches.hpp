// Rules of engine.md §5 that the simulation switches off, one at a time, to prove that it would see
// their absence (docs/adr/0006-rule-switches.md). All are on in the program; nothing else sets
// them. Threading: plain values.
#pragma once

namespace tailrace::engine {

struct RuleSwitches {
  bool skip_by_root = true;         // R4: a record at or below last[root] is not applied again
  bool look_at_skipped = true;      // R4: a skipped record makes its root dirty, with its lookups
  bool order_by_token = true;       // R5: a row applies only if its token is not older
  bool keep_tombstones = true;      // R5: a tombstone stays until the log's own progress frees it
  bool wait_at_barrier = true;      // R10: the view must have reached dprog
  bool post_between = true;         // R10: what lies between dprog and the view is posted, too
  bool stub_unseen = true;          // R12: a stub also where this assignment wrote no document
  bool note_unshown = true;         // R13: a state record also where no document was to be written
  bool hold_for_sinks = true;       // R15: the offset waits for acknowledgements
  bool hold_for_appends = true;     // R15: the offset and dprog wait for lookup appends
  bool rely_on_asked = true;        // R15: dprog also waits for appends that others asked for
  bool keep_after_abort = true;     // R15: an aborted commit's records go into the next one
  bool replay_behind = true;        // R18: a store behind the commit is brought up to it
  bool restore_over_gap = true;     // R18: but not over records that the log no longer holds
  bool mark_until_current = true;   // a pending mark stays until the current content is there
  bool wait_for_first_load = true;  // §8: nothing is shown before snapshot_end
  bool jump_at_new_server = true;   // §4: seq jumps past what an aborted batch may have shown
  bool read_lost_again = true;      // §4: and what it lacks of what was shown is read again
  // Rows below other children (docs/adr/0011-an-index-kept-in-the-log.md):
  bool follow_parents = true;      // they come along when what they hang on moves
  bool catch_up_placement = true;  // a store that is behind the log, or lost, is read from it
  bool place_whole = true;         // half of a transaction in the log does not count yet
  bool place_before_show = true;   // a first load's places are committed before its rows are shown
  bool leave_before_place = true;  // and what it finds elsewhere has left its place before that
};

}  // namespace tailrace::engine
