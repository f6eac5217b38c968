// Capture's memory of where rows belong that carry no key of their root: transform/placement over a
// local store, and a compacted topic that holds every change of it, written in the log transaction
// of what it came from (docs/adr/0011-an-index-kept-in-the-log.md). The store is a copy: behind, it
// is brought up to the log's end at open; lost, it is read from there.
// Threading: one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/clock.hpp"
#include "engine/control_records.hpp"
#include "engine/rule_switches.hpp"
#include "stream/event_log.hpp"
#include "transform/placement.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::engine {

struct PlacementOptions {
  std::string topic;
  std::string store;   // its name among the local stores
  std::string log_id;  // a store that was filled from another log is of no use
  std::size_t spill_bytes = 4u << 20;
  std::uint64_t note_bytes = 16u << 20;  // written between two notes of how far the store is
  RuleSwitches rules;
};

class CapturePlacement {
 public:
  // The log's writer must be open already: nobody else adds to the topic any more. `saved`: the
  // position that the log holds; what a transaction behind it wrote in part does not count yet.
  // Error retry "placement.timeout": the topic could not be read to its end.
  static Result<std::unique_ptr<CapturePlacement>> open(
      PlacementOptions options, const transform::PipelinePlan& plan, stream::EventLog& log,
      transform::StoreFactory& stores, const SavedPosition& saved, const Clock& clock);

  Result<void> add(const RowChange& row) { return placement_.add(row); }
  // Nothing was read of the transaction at hand yet. `may_spill`: a commit can follow it.
  Result<void> begin(bool may_spill = true) {
    store_.allow_spilling(may_spill);
    return store_.drop_transaction();
  }
  Result<void> empty(std::string_view table) { return placement_.empty(table); }
  bool changed() const { return store_.changed(); }
  Result<std::uint64_t> moved_bytes() { return placement_.moved_bytes(); }

  // The changes of the transaction at hand, for the topic. `wide`: it may be committed in pieces.
  using Append = std::function<Result<void>(const stream::Append&)>;
  Result<void> append(const Token& base, bool wide, const Append& append);
  Result<void> tell(const transform::Placement::Visitor& visit) { return placement_.tell(visit); }
  Result<void> tell_what_left(const transform::Placement::Visitor& visit) {
    return placement_.tell_what_left(visit);
  }
  Result<void> end_transaction() { return store_.end_transaction(); }
  // The next transaction must wait for a commit.
  bool must_commit() const { return store_.spilled(); }

  // Around the commit of everything that ended.
  Result<void> before_commit();
  Result<void> after_commit();

 private:
  CapturePlacement(PlacementOptions options, const transform::PipelinePlan& plan,
                   stream::EventLog& log, std::unique_ptr<transform::KeyValueStore> store)
      : options_(std::move(options)),
        log_(log),
        store_(std::move(store), options_.spill_bytes),
        placement_(plan, store_, options_.rules.follow_parents) {}

  Result<bool> is_of_this_log();
  Result<void> catch_up(const SavedPosition& saved, const Clock& clock);
  // False: it does not count yet.
  Result<bool> take(const stream::Record& record, const SavedPosition& saved);
  Result<stream::Offset> end_of_topic();
  Result<void> note(stream::Offset offset);

  const PlacementOptions options_;
  stream::EventLog& log_;
  transform::PlacementStore store_;
  transform::Placement placement_;
  std::uint64_t appended_bytes_ = 0;     // since the last note
  std::optional<stream::Offset> noted_;  // the store holds all below it, once this commit is there
};

}  // namespace tailrace::engine
