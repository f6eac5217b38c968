// Everything the projector knows of one root: its rows, the lookup values it has seen, and how far
// in the log they reach. The document is a pure function of this value; the local store and the
// state topic hold it as encode() writes it (docs/formats/state.md).
// Threading: plain value, one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/token.hpp"
#include "transform/projection/change_record.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

// One row in one place of the document, or a lookup value, or the tombstone of either.
struct Fragment {
  std::string key;  // node, source, key bytes
  Token token;
  bool gone = false;
  std::string values;  // the node's slots; empty when gone

  NodeId node() const { return static_cast<NodeId>(key[0]); }
  std::uint8_t source() const { return static_cast<std::uint8_t>(key[1]); }
  std::string_view row_key() const { return std::string_view(key).substr(2); }
};

// The latest transaction of one source that the root contains.
struct SourceMark {
  std::uint8_t source = 0;
  std::uint16_t epoch = 0;
  std::uint64_t seq = 0;
  std::string gtid;
};

// Why a sink does not have the latest document: `pending` in engine.md §5.
struct PendingMark {
  std::string sink;
  bool dead_letter = false;  // only a change or a retry cures it; else: the sink was away
  std::int64_t since_us = 0;
  std::uint32_t attempts = 0;
  std::string reason;
};

// What applying one record did.
struct Applied {
  bool visible = false;  // some byte that a document may show changed
  bool keys = false;     // fragments with references changed: lookups and edges need a look
};

class RootState {
 public:
  static constexpr std::int64_t never = -1;

  // Offset of the last record applied; `never` for a root not seen yet.
  std::int64_t last() const { return last_; }

  // Rules R5–R7 of engine.md §5: rows by token, lookups by their policy, last = offset.
  // `changed` gets the keys of fragments of nodes with lookups whose value changed.
  Applied apply(const DocumentPlan& plan, const GroupRecord& group, std::int64_t offset,
                std::vector<std::string>* changed);
  Applied apply(const DocumentPlan& plan, const LookupRecord& record, std::int64_t offset,
                std::vector<std::string>* changed);

  // Whether the sweep takes a row out of this root.
  bool concerns(const DocumentPlan& plan, const SweepRecord& sweep) const;
  // Takes those rows out. Nothing to take out: nothing changes, `last` neither.
  Applied apply(const DocumentPlan& plan, const SweepRecord& sweep, std::int64_t offset);

  const Fragment* find(NodeId node, std::uint8_t source, std::string_view key) const;
  // The root's row, or its tombstone; nullptr: never seen. Of several, on as many shards, a live
  // one, and of live ones that whose token rose last: an order that moved.
  const Fragment* root() const;
  const std::vector<Fragment>& fragments() const { return fragments_; }
  // Those of one node, by key; tombstones too.
  std::span<const Fragment> fragments_of(NodeId node) const;
  const std::vector<SourceMark>& marks() const { return marks_; }
  std::int64_t committed_at_us() const { return committed_at_us_; }

  std::vector<PendingMark>& pending() { return pending_; }
  const std::vector<PendingMark>& pending() const { return pending_; }

  // Drops marks of deleted roots and token tombstones of rows of `source` whose seq is at or below
  // `horizon` in `epoch` (R5). Never the root row's own, which says that a stub must be there, nor
  // a lookup's: a zombie's late append could undercut it.
  void expire(const DocumentPlan& plan, std::uint8_t source, std::uint16_t epoch,
              std::uint64_t horizon);

  std::size_t memory_bytes() const { return memory_; }
  void encode(std::string& out) const;
  // Error halt "state.corrupt": restore this partition.
  static Result<RootState> decode(std::string_view bytes);

 private:
  Fragment& at(std::string_view key, bool& created);
  // What the source has no longer, of a record that lists all that it has. True: a row was there.
  bool drop_unlisted(const DocumentPlan& plan, const GroupRecord& group);
  // The root was deleted with `token`: what hangs on it by a declared foreign key goes with it,
  // though the server says nothing about it. True: some row of it was there.
  bool fell(const DocumentPlan& plan, std::uint8_t source, const Token& token);
  // Whether a row of this node and source went with an earlier root.
  bool went_before(const PlanNode& node, std::uint8_t source, const Token& token) const;
  Applied apply_entry(const DocumentPlan& plan, const LookupEntry& entry,
                      std::vector<std::string>* changed);
  void set(Fragment& fragment, const Token& token, bool gone, std::string_view values);
  void note_origin(const Origin& origin);
  void note_rise(std::uint8_t source, std::int64_t offset);
  std::int64_t rise_of(std::uint8_t source) const;

  std::int64_t last_ = never;
  std::int64_t committed_at_us_ = 0;
  std::vector<Fragment> fragments_;  // sorted by key
  std::vector<SourceMark> marks_;
  // Of documents that are unique across shards: where the root row's token last rose, by source.
  std::vector<std::pair<std::uint8_t, std::int64_t>> rises_;
  std::vector<PendingMark> pending_;
  std::size_t memory_ = 0;
};

std::string fragment_key(NodeId node, std::uint8_t source, std::string_view key);

// A lookup value some fragment of a root points at.
struct Reference {
  NodeId node = 0;  // of kind lookup
  std::uint8_t source = 0;
  std::string key;  // key bytes
  friend bool operator==(const Reference&, const Reference&) = default;
};
// The references of one live fragment; NULL keys refer to nothing.
void references_of(const DocumentPlan& plan, const Fragment& fragment, std::vector<Reference>& out);
// The references of every live fragment, followed or not: what has an edge.
void direct_references_of(const DocumentPlan& plan, const RootState& state,
                          std::vector<Reference>& out);
// All references that the root's document follows, through lookups of lookups too.
void references_of(const DocumentPlan& plan, const RootState& state, std::vector<Reference>& out);

}  // namespace tailrace::transform
