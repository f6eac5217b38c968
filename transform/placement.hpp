// Where rows belong that carry no key of their root: rows below other children (engine.md §4,
// docs/adr/0011-an-index-kept-in-the-log.md). It remembers for each row with rows below it what it
// hangs on, and every deep row under its parent's key. What a transaction does is told once all of
// its rows are known, from the state before it and the state after it: their order does not matter.
// Threading: one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/change.hpp"
#include "transform/placement_store.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

// A deep row in a root's document, or no longer there. Views are valid inside the call only.
struct PlacedRow {
  std::uint16_t document = 0;
  NodeId node = 0;
  bool gone = false;
  std::uint32_t idx = 0;  // of the row change that says so, be it of another row
  std::string_view root;  // key bytes, without what they begin with for its shard
  std::string_view key;
  std::string_view values;  // the node's slots; empty when gone
};

class Placement {
 public:
  // Both must outlive it. `follow_parents`: off only to prove what it is for.
  Placement(const PipelinePlan& plan, PlacementStore& store, bool follow_parents = true)
      : plan_(plan), store_(store), follow_parents_(follow_parents) {}

  // Whether the plan has rows that only a placement can route.
  static bool is_needed(const PipelinePlan& plan);

  // Error halt "row.no_key": a key column is not in the row image.
  Result<void> add(const RowChange& row);

  // All rows of the table are gone, in the transaction at hand.
  Result<void> empty(std::string_view table);

  // What the transaction did: first every place that a row has left, then every place where it is.
  using Visitor = std::function<Result<void>(const PlacedRow&)>;
  Result<void> tell(const Visitor& visit);
  // The first half of it.
  Result<void> tell_what_left(const Visitor& visit) { return tell(visit, true); }
  // Bytes of those rows that came along with others, above what the transaction itself brought.
  Result<std::uint64_t> moved_bytes();

 private:
  struct Place {
    std::uint16_t document;
    NodeId node;
  };
  struct RowPlace {      // of one image
    bool known = false;  // its parent's key is not NULL
    std::string parent;  // key bytes of what it hangs on
    std::string own;
  };
  struct Entry {  // a key of the store, taken apart
    bool link;
    std::uint16_t document;
    NodeId node;
    std::string_view parent;  // of a row
    std::string_view key;
  };
  struct Walk {
    std::uint16_t document;
    Moment moment;
    bool gone;
    std::uint32_t idx;
    std::string_view root;
  };

  const std::vector<Place>& places_of(const TableSchema* table);
  const PlanNode& node_of(const Place& place) const {
    return plan_.documents[place.document].nodes[place.node];
  }
  Result<void> read_place(const PlanNode& node, const RowChange& row, std::span<const Value> image,
                          RowPlace& out) const;
  Result<void> add_link(const Place& place, const RowChange& row);
  // nullptr: it hangs on nothing.
  Result<void> set_link(const Place& place, const std::string& own, const std::string* target,
                        std::uint32_t idx);
  Result<void> add_row(const Place& place, const RowChange& row);
  std::string link_key(const Place& place, std::string_view key) const;
  std::string row_of_node(const Place& place) const;
  std::string row_prefix(const Place& place, std::string_view parent) const;
  Result<Entry> parse(std::string_view key) const;

  // Key bytes of the root that the row of `node` with this key is in. False: nobody knows.
  Result<bool> root_of(Moment moment, const Place& place, std::string_view key, std::string& root);
  // The same of what hangs on `target`, whose node is `place`'s parent.
  Result<bool> root_above(Moment moment, const Place& place, std::string_view target,
                          std::string& root);
  Result<void> tell(const Visitor& visit, bool gone);
  Result<void> tell_row(const PlacementStore::Change& change, const Entry& entry, bool gone,
                        const Visitor& visit);
  Result<void> tell_link(const PlacementStore::Change& change, const Entry& entry, bool gone,
                         const Visitor& visit);
  Result<void> walk(const Walk& walk, const PlanNode& node, std::string_view key,
                    const Visitor& visit);

  const PipelinePlan& plan_;
  PlacementStore& store_;
  const bool follow_parents_;
  std::unordered_map<const TableSchema*, std::vector<Place>> places_;
  RowPlace before_;  // reused
  RowPlace after_;
};

}  // namespace tailrace::transform
