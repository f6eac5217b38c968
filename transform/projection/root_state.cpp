#include "transform/projection/root_state.hpp"

#include <algorithm>

#include "core/json_writer.hpp"
#include "transform/projection/row_view.hpp"

namespace tailrace::transform {

namespace {

constexpr std::uint8_t state_version = 1;
constexpr std::uint8_t state_version_with_rises = 2;

Failure corrupt() {
  return halt("state.corrupt", "the stored state of a root is damaged; restore the partition");
}

std::size_t size_of(const Fragment& fragment) {
  constexpr std::size_t allocation_overhead = 32;  // of its two texts
  return sizeof(Fragment) + allocation_overhead + fragment.key.size() + fragment.values.size();
}

// Whether the new image points at other lookup rows than the one that is stored.
bool refers_anew(const DocumentPlan& plan, const Fragment& stored, const GroupRow& row) {
  const PlanNode& node = plan.nodes[row.node];
  if (node.lookups.empty()) return false;
  if (stored.gone) return true;
  const RowView before(stored.values);
  const RowView after(row.values);
  for (const NodeId lookup : node.lookups) {
    for (const Slot slot : plan.nodes[lookup].parent_on) {
      if (!(before[slot] == after[slot])) return true;
    }
  }
  return false;
}

struct NodeOrder {
  bool operator()(const Fragment& fragment, NodeId node) const { return fragment.node() < node; }
  bool operator()(NodeId node, const Fragment& fragment) const { return node < fragment.node(); }
};

bool of_table(const DocumentPlan& plan, const SweepRecord& sweep, const Fragment& fragment) {
  const PlanNode& node = plan.nodes[fragment.node()];
  return node.kind != NodeKind::lookup && node.table == sweep.table &&
         fragment.source() == sweep.origin.source;
}

bool sweeps(const SweepRecord& sweep, const Fragment& fragment) {
  return !fragment.gone && fragment.token < sweep.origin.base;
}

bool by_key(const Fragment& fragment, std::string_view key) { return fragment.key < key; }

}  // namespace

std::string fragment_key(NodeId node, std::uint8_t source, std::string_view key) {
  std::string out;
  out.reserve(2 + key.size());
  out.push_back(static_cast<char>(node));
  out.push_back(static_cast<char>(source));
  out.append(key);
  return out;
}

Fragment& RootState::at(std::string_view key, bool& created) {
  auto place = std::lower_bound(fragments_.begin(), fragments_.end(), key, by_key);
  created = place == fragments_.end() || place->key != key;
  if (created) {
    place = fragments_.insert(place, Fragment{std::string(key), {}, true, {}});
    memory_ += size_of(*place);
  }
  return *place;
}

void RootState::set(Fragment& fragment, const Token& token, bool gone, std::string_view values) {
  memory_ -= size_of(fragment);
  fragment.token = token;
  fragment.gone = gone;
  fragment.values.assign(values);
  memory_ += size_of(fragment);
}

void RootState::note_origin(const Origin& origin) {
  committed_at_us_ = std::max(committed_at_us_, origin.commit_time_us);
  const auto at = std::find_if(marks_.begin(), marks_.end(), [&](const SourceMark& mark) {
    return mark.source == origin.source;
  });
  if (at == marks_.end()) {
    marks_.push_back({origin.source, origin.base.epoch, origin.base.seq, std::string(origin.gtid)});
    return;
  }
  if (std::pair(at->epoch, at->seq) > std::pair(origin.base.epoch, origin.base.seq)) return;
  at->epoch = origin.base.epoch;
  at->seq = origin.base.seq;
  at->gtid.assign(origin.gtid);
}

Applied RootState::apply(const DocumentPlan& plan, const GroupRecord& group, std::int64_t offset,
                         std::vector<std::string>* changed) {
  Applied applied;
  std::string key;
  for (const GroupRow& row : group.rows) {
    if (row.node >= plan.nodes.size()) continue;  // the spec hash guards this
    Token token = group.origin.base;
    token.idx = row.idx;
    if (plan.falls) {
      if (row.node == 0 && row.gone && !row.alone && fell(plan, group.origin.source, token))
        applied.visible = true;
      if (went_before(plan.nodes[row.node], group.origin.source, token)) continue;
    }
    key.assign({static_cast<char>(row.node), static_cast<char>(group.origin.source)});
    key.append(row.key);
    bool created = false;
    Fragment& fragment = at(key, created);
    if (!created && token < fragment.token) continue;  // R5: older than what is stored
    const bool rose = created || fragment.token < token;
    const bool differs = fragment.gone != row.gone || fragment.values != row.values;
    const bool refers = !row.gone && refers_anew(plan, fragment, row);
    set(fragment, token, row.gone, row.values);
    // Read again, a row is where it was: only a change says that the order has moved here.
    const bool moves = rose && (differs || !group.complete);
    if (moves && plan.unique_across_shards && row.node == 0) {
      note_rise(group.origin.source, offset);
      applied.visible = applied.visible || rises_.size() > 1;  // another shard's row may be shown
    }
    if (!differs) continue;
    applied.visible = true;
    if (!refers) continue;
    applied.keys = true;
    if (changed != nullptr) changed->push_back(key);
  }
  if (group.complete && drop_unlisted(plan, group)) applied.visible = true;
  note_origin(group.origin);
  last_ = offset;
  return applied;
}

bool RootState::drop_unlisted(const DocumentPlan& plan, const GroupRecord& group) {
  std::vector<std::string> listed;
  listed.reserve(group.rows.size());
  for (const GroupRow& row : group.rows)
    listed.push_back(fragment_key(row.node, group.origin.source, row.key));
  std::sort(listed.begin(), listed.end());
  Token token = group.origin.base;
  token.idx = Token::last_idx;
  bool any = false;
  for (Fragment& fragment : fragments_) {
    const bool covered = plan.nodes[fragment.node()].kind != NodeKind::lookup &&
                         fragment.source() == group.origin.source && !fragment.row_key().empty();
    if (!covered || fragment.gone || token < fragment.token) continue;
    if (std::binary_search(listed.begin(), listed.end(), fragment.key)) continue;
    set(fragment, token, true, {});
    any = true;
  }
  return any;
}

// The newest deletion is a fragment of the root's node with an empty key, which no row has: a child
// row that is older does not come back with the next root of this key.
bool RootState::fell(const DocumentPlan& plan, std::uint8_t source, const Token& token) {
  bool created = false;
  Fragment& mark = at(fragment_key(0, source, {}), created);
  if (!created && token <= mark.token) return false;  // seen before
  set(mark, token, true, {});
  bool any = false;
  for (Fragment& fragment : fragments_) {
    const bool of_it = plan.nodes[fragment.node()].falls && fragment.source() == source;
    if (!of_it || fragment.gone || fragment.token >= token) continue;
    set(fragment, token, true, {});
    any = true;
  }
  return any;
}

bool RootState::went_before(const PlanNode& node, std::uint8_t source, const Token& token) const {
  if (!node.falls) return false;
  const Fragment* const mark = find(0, source, {});
  return mark != nullptr && token < mark->token;
}

Applied RootState::apply(const DocumentPlan& plan, const LookupRecord& record, std::int64_t offset,
                         std::vector<std::string>* changed) {
  Applied applied;
  last_ = offset;
  for (const LookupEntry& entry : record.entries) {
    const Applied one = apply_entry(plan, entry, changed);
    applied.visible = applied.visible || one.visible;
    applied.keys = applied.keys || one.keys;
  }
  return applied;
}

Applied RootState::apply_entry(const DocumentPlan& plan, const LookupEntry& entry,
                               std::vector<std::string>* changed) {
  Applied applied;
  if (entry.node >= plan.nodes.size() || plan.nodes[entry.node].kind != NodeKind::lookup) {
    return applied;
  }
  const PlanNode& node = plan.nodes[entry.node];
  Token token = entry.origin.base;
  token.idx = entry.idx;
  bool created = false;
  Fragment& fragment = at(fragment_key(entry.node, entry.origin.source, entry.key), created);
  const bool newer = created || token >= fragment.token;
  // R6: `keep` holds the first value that is there; "gone" is no value to keep.
  const bool takes =
      node.when_changed == WhenChanged::keep ? fragment.gone && (!entry.gone || newer) : newer;
  if (!takes) return applied;
  applied.visible = fragment.gone != entry.gone || fragment.values != entry.values;
  set(fragment, token, entry.gone, entry.values);
  note_origin(entry.origin);
  if (applied.visible && !entry.gone && !node.lookups.empty()) {
    applied.keys = true;
    if (changed != nullptr) changed->push_back(fragment.key);
  }
  return applied;
}

bool RootState::concerns(const DocumentPlan& plan, const SweepRecord& sweep) const {
  return std::any_of(fragments_.begin(), fragments_.end(), [&](const Fragment& fragment) {
    return sweeps(sweep, fragment) && of_table(plan, sweep, fragment);
  });
}

Applied RootState::apply(const DocumentPlan& plan, const SweepRecord& sweep, std::int64_t offset) {
  Applied applied;
  for (Fragment& fragment : fragments_) {
    if (!sweeps(sweep, fragment) || !of_table(plan, sweep, fragment)) continue;
    set(fragment, sweep.origin.base, true, {});
    applied.visible = true;
  }
  if (!applied.visible) return applied;
  note_origin(sweep.origin);
  last_ = offset;
  return applied;
}

const Fragment* RootState::find(NodeId node, std::uint8_t source, std::string_view key) const {
  const std::string wanted = fragment_key(node, source, key);
  const auto at = std::lower_bound(fragments_.begin(), fragments_.end(), wanted, by_key);
  return at != fragments_.end() && at->key == wanted ? &*at : nullptr;
}

const Fragment* RootState::root() const {
  const Fragment* best = nullptr;
  for (const Fragment& fragment : fragments_of(0)) {
    if (fragment.row_key().empty()) continue;  // the mark of a deletion
    const bool better =
        best == nullptr || (best->gone && !fragment.gone) ||
        (best->gone == fragment.gone && rise_of(fragment.source()) > rise_of(best->source()));
    if (better) best = &fragment;
  }
  return best;
}

void RootState::note_rise(std::uint8_t source, std::int64_t offset) {
  for (auto& [known, at] : rises_) {
    if (known != source) continue;
    at = offset;
    return;
  }
  rises_.emplace_back(source, offset);
}

std::int64_t RootState::rise_of(std::uint8_t source) const {
  for (const auto& [known, at] : rises_) {
    if (known == source) return at;
  }
  return never;
}

std::span<const Fragment> RootState::fragments_of(NodeId node) const {
  const auto [first, last] =
      std::equal_range(fragments_.begin(), fragments_.end(), node, NodeOrder{});
  return {first, last};
}

void RootState::expire(const DocumentPlan& plan, std::uint8_t source, std::uint16_t epoch,
                       std::uint64_t horizon) {
  const auto expired = [&](const Fragment& fragment) {
    const bool child = plan.nodes[fragment.node()].kind == NodeKind::child;
    const bool mark = fragment.node() == 0 && fragment.row_key().empty();
    return fragment.gone && (child || mark) && fragment.source() == source &&
           std::pair(fragment.token.epoch, fragment.token.seq) <= std::pair(epoch, horizon);
  };
  std::erase_if(fragments_, [&](const Fragment& fragment) {
    if (!expired(fragment)) return false;
    memory_ -= size_of(fragment);
    return true;
  });
}

void RootState::encode(std::string& out) const {
  out.push_back(static_cast<char>(rises_.empty() ? state_version : state_version_with_rises));
  append_varint(out, zigzag(last_));
  append_varint(out, zigzag(committed_at_us_));
  append_varint(out, marks_.size());
  for (const SourceMark& mark : marks_) {
    out.push_back(static_cast<char>(mark.source));
    append_varint(out, mark.epoch);
    append_varint(out, mark.seq);
    append_sized(out, mark.gtid);
  }
  append_varint(out, pending_.size());
  for (const PendingMark& mark : pending_) {
    append_sized(out, mark.sink);
    out.push_back(mark.dead_letter ? '\1' : '\0');
    append_varint(out, zigzag(mark.since_us));
    append_varint(out, mark.attempts);
    append_sized(out, mark.reason);
  }
  append_varint(out, fragments_.size());
  for (const Fragment& fragment : fragments_) {
    append_sized(out, fragment.key);
    append_token(out, fragment.token);
    out.push_back(fragment.gone ? '\1' : '\0');
    append_sized(out, fragment.values);
  }
  if (rises_.empty()) return;
  append_varint(out, rises_.size());
  for (const auto& [source, offset] : rises_) {
    out.push_back(static_cast<char>(source));
    append_varint(out, static_cast<std::uint64_t>(offset));
  }
}

Result<RootState> RootState::decode(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.byte();
  if (version != state_version && version != state_version_with_rises) return corrupt();
  RootState state;
  state.last_ = unzigzag(in.varint());
  state.committed_at_us_ = unzigzag(in.varint());
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    SourceMark& mark = state.marks_.emplace_back();
    mark.source = in.byte();
    mark.epoch = static_cast<std::uint16_t>(in.varint());
    mark.seq = in.varint();
    mark.gtid = in.sized();
  }
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    PendingMark& mark = state.pending_.emplace_back();
    mark.sink = in.sized();
    mark.dead_letter = in.byte() != 0;
    mark.since_us = unzigzag(in.varint());
    mark.attempts = static_cast<std::uint32_t>(in.varint());
    mark.reason = in.sized();
  }
  const std::uint64_t count = in.varint();
  if (count > in.remaining()) return corrupt();
  state.fragments_.reserve(count);
  for (std::uint64_t n = count; in.ok() && n > 0; --n) {
    Fragment& fragment = state.fragments_.emplace_back();
    fragment.key = in.sized();
    fragment.token = read_token(in);
    fragment.gone = in.byte() != 0;
    fragment.values = in.sized();
    state.memory_ += size_of(fragment);
    if (fragment.key.size() < 2) return corrupt();
  }
  const std::uint64_t rises = version == state_version_with_rises ? in.varint() : 0;
  for (std::uint64_t n = rises; in.ok() && n > 0; --n) {
    const std::uint8_t source = in.byte();
    state.rises_.emplace_back(source, static_cast<std::int64_t>(in.varint()));
  }
  if (!in.ok() || !in.at_end()) return corrupt();
  return state;
}

void references_of(const DocumentPlan& plan, const Fragment& fragment,
                   std::vector<Reference>& out) {
  const PlanNode& node = plan.nodes[fragment.node()];
  if (fragment.gone || node.lookups.empty()) return;
  const RowView row(fragment.values);
  for (const NodeId id : node.lookups) {
    const PlanNode& lookup = plan.nodes[id];
    Reference reference{id, lookup.source_for(fragment.source()), {}};
    if (row.key(lookup.parent_on, reference.key)) out.push_back(std::move(reference));
  }
}

void direct_references_of(const DocumentPlan& plan, const RootState& state,
                          std::vector<Reference>& out) {
  for (const Fragment& fragment : state.fragments()) references_of(plan, fragment, out);
}

void references_of(const DocumentPlan& plan, const RootState& state, std::vector<Reference>& out) {
  // Rows first; a lookup fragment counts only while something refers to it.
  for (const Fragment& fragment : state.fragments()) {
    if (plan.nodes[fragment.node()].kind != NodeKind::lookup) references_of(plan, fragment, out);
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (plan.nodes[out[i].node].lookups.empty()) continue;
    const Fragment* value = state.find(out[i].node, out[i].source, out[i].key);
    if (value != nullptr) references_of(plan, *value, out);
  }
}

}  // namespace tailrace::transform
