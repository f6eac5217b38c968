#include "transform/placement.hpp"

#include <algorithm>

#include "core/bytes.hpp"
#include "transform/row_keys.hpp"

namespace tailrace::transform {

namespace {

// First byte of a key in the store; bytes: docs/formats/placement.md.
constexpr char link_kind = 'l';
constexpr char row_kind = 'r';

Failure damaged() {
  return halt("state.corrupt", "capture's placement store is damaged; delete its folder");
}

bool is_placed(const PlanNode& node) {
  return node.kind == NodeKind::child && (node.deep() || !node.children.empty());
}

}  // namespace

bool Placement::is_needed(const PipelinePlan& plan) {
  return std::any_of(plan.documents.begin(), plan.documents.end(),
                     [](const DocumentPlan& document) {
                       return std::any_of(document.nodes.begin(), document.nodes.end(),
                                          [](const PlanNode& node) { return node.deep(); });
                     });
}

const std::vector<Placement::Place>& Placement::places_of(const TableSchema* table) {
  const auto [at, created] = places_.try_emplace(table);
  if (!created) return at->second;
  for (std::size_t d = 0; d < plan_.documents.size(); ++d) {
    for (const PlanNode& node : plan_.documents[d].nodes) {
      if (is_placed(node) && node.table == table->id.table) {
        at->second.push_back({static_cast<std::uint16_t>(d), node.id});
      }
    }
  }
  return at->second;
}

Result<void> Placement::read_place(const PlanNode& node, const RowChange& row,
                                   std::span<const Value> image, RowPlace& out) const {
  out.parent.clear();
  out.own.clear();
  TAILRACE_ASSIGN(out.known, append_key(out.parent, node, node.parent_key, row, image));
  TAILRACE_TRY(append_key(out.own, node, node.key, row, image));
  return {};
}

Result<void> Placement::add(const RowChange& row) {
  for (const Place& place : places_of(row.table)) {
    const PlanNode& node = node_of(place);
    before_ = {};
    after_ = {};
    if (row.op != RowOp::insert) TAILRACE_TRY(read_place(node, row, row.before, before_));
    if (row.op != RowOp::remove) TAILRACE_TRY(read_place(node, row, row.after, after_));
    if (!node.children.empty()) TAILRACE_TRY(add_link(place, row));
    if (node.deep()) TAILRACE_TRY(add_row(place, row));
  }
  return {};
}

Result<void> Placement::add_link(const Place& place, const RowChange& row) {
  if (row.op != RowOp::insert && (row.op == RowOp::remove || before_.own != after_.own)) {
    TAILRACE_TRY(set_link(place, before_.own, nullptr, row.index));
  }
  if (row.op == RowOp::remove) return {};
  return set_link(place, after_.own, after_.known ? &after_.parent : nullptr, row.index);
}

// Most changes of a row leave it where it is: those are not worth an entry. Where it was goes by
// what is known, not by the image before: a first load reads what is later than the stream behind
// it, and a row must never be below two parents, or what is below it is told by both ways.
Result<void> Placement::set_link(const Place& place, const std::string& own,
                                 const std::string* target, std::uint32_t idx) {
  std::string key = link_key(place, own);
  std::string known;
  TAILRACE_ASSIGN(const bool there, store_.get(Moment::after, key, known));
  if (target == nullptr ? !there : there && known == *target) return {};
  if (there && node_of(place).deep()) {
    TAILRACE_TRY(store_.put(row_prefix(place, known) + own, std::nullopt, idx));
  }
  return store_.put(std::move(key),
                    target == nullptr ? std::nullopt : std::optional<std::string>(*target), idx);
}

Result<void> Placement::add_row(const Place& place, const RowChange& row) {
  const bool stays =
      before_.known && after_.known && before_.parent == after_.parent && before_.own == after_.own;
  if (before_.known && !stays) {
    TAILRACE_TRY(
        store_.put(row_prefix(place, before_.parent) + before_.own, std::nullopt, row.index));
  }
  if (!after_.known) return {};
  std::string values;
  append_values(values, node_of(place).table_columns, row.after);
  return store_.put(row_prefix(place, after_.parent) + after_.own, std::move(values), row.index);
}

Result<void> Placement::empty(std::string_view table) {
  for (std::size_t d = 0; d < plan_.documents.size(); ++d) {
    for (const PlanNode& node : plan_.documents[d].nodes) {
      if (!is_placed(node) || node.table != table) continue;
      const Place place{static_cast<std::uint16_t>(d), node.id};
      TAILRACE_TRY(store_.remove_all(link_key(place, {})));
      TAILRACE_TRY(store_.remove_all(row_of_node(place)));
    }
  }
  return {};
}

// Documents by name: their order in the file may change.
std::string Placement::link_key(const Place& place, std::string_view key) const {
  std::string out(1, link_kind);
  append_sized(out, plan_.documents[place.document].name);
  out.push_back(static_cast<char>(place.node));
  out.append(key);
  return out;
}

std::string Placement::row_of_node(const Place& place) const {
  std::string out(1, row_kind);
  append_sized(out, plan_.documents[place.document].name);
  out.push_back(static_cast<char>(place.node));
  return out;
}

std::string Placement::row_prefix(const Place& place, std::string_view parent) const {
  std::string out = row_of_node(place);
  append_sized(out, parent);
  return out;
}

Result<Placement::Entry> Placement::parse(std::string_view key) const {
  ByteReader in(key);
  Entry entry{};
  entry.link = in.byte() == static_cast<std::uint8_t>(link_kind);
  const std::string_view name = in.sized();
  entry.node = in.byte();
  if (!entry.link) entry.parent = in.sized();
  entry.key = in.take(in.remaining());
  const auto at = std::find_if(plan_.documents.begin(), plan_.documents.end(),
                               [&](const DocumentPlan& document) { return document.name == name; });
  if (!in.ok() || at == plan_.documents.end() || entry.node >= at->nodes.size()) return damaged();
  entry.document = static_cast<std::uint16_t>(at - plan_.documents.begin());
  return entry;
}

Result<bool> Placement::root_of(Moment moment, const Place& place, std::string_view key,
                                std::string& root) {
  std::string target;
  TAILRACE_ASSIGN(const bool there, store_.get(moment, link_key(place, key), target));
  if (!there) return false;
  return root_above(moment, place, target, root);
}

Result<bool> Placement::root_above(Moment moment, const Place& place, std::string_view target,
                                   std::string& root) {
  const PlanNode& node = node_of(place);
  if (node.deep()) return root_of(moment, {place.document, node.parent}, target, root);
  root.assign(target);
  return true;
}

Result<void> Placement::tell(const Visitor& visit) {
  TAILRACE_TRY(tell(visit, true));
  return tell(visit, false);
}

Result<void> Placement::tell(const Visitor& visit, bool gone) {
  return store_.changes([&](const PlacementStore::Change& change) -> Result<void> {
    TAILRACE_ASSIGN(const Entry entry, parse(change.key));
    return entry.link ? tell_link(change, entry, gone, visit)
                      : tell_row(change, entry, gone, visit);
  });
}

Result<std::uint64_t> Placement::moved_bytes() {
  std::uint64_t bytes = 0;
  const auto count = [&](const PlacedRow& row) -> Result<void> {
    bytes += row.root.size() + row.key.size() + row.values.size() + sizeof(PlacedRow);
    return {};
  };
  for (const bool gone : {true, false}) {
    TAILRACE_TRY(store_.changes([&](const PlacementStore::Change& change) -> Result<void> {
      TAILRACE_ASSIGN(const Entry entry, parse(change.key));
      return entry.link ? tell_link(change, entry, gone, count) : Result<void>{};
    }));
  }
  return bytes;
}

Result<void> Placement::tell_row(const PlacementStore::Change& change, const Entry& entry,
                                 bool gone, const Visitor& visit) {
  const Place place{entry.document, entry.node};
  std::string root;
  bool is_placed_now = false;
  if (change.value) {
    TAILRACE_ASSIGN(is_placed_now, root_above(Moment::after, place, entry.parent, root));
  }
  if (!gone) {
    if (!is_placed_now) return {};
    return visit({entry.document, entry.node, false, change.idx, root, entry.key, *change.value});
  }
  std::string old_value;
  TAILRACE_ASSIGN(const bool was_there, store_.get(Moment::before, change.key, old_value));
  if (!was_there) return {};
  std::string old_root;
  TAILRACE_ASSIGN(const bool was_placed, root_above(Moment::before, place, entry.parent, old_root));
  if (!was_placed || (is_placed_now && old_root == root)) return {};
  return visit({entry.document, entry.node, true, change.idx, old_root, entry.key, {}});
}

// The row hangs on something else: everything below it comes along. Where the root stays the same
// it is told as well: a row below may have left this root by one way and come back by this one.
Result<void> Placement::tell_link(const PlacementStore::Change& change, const Entry& entry,
                                  bool gone, const Visitor& visit) {
  if (!follow_parents_) return {};
  const Place place{entry.document, entry.node};
  std::string old_target;
  TAILRACE_ASSIGN(const bool was_there, store_.get(Moment::before, change.key, old_target));
  if (was_there == change.value.has_value() && (!was_there || old_target == *change.value)) {
    // It came back to where it was. What it hangs on may have moved: that is told from there.
    return {};
  }
  std::string old_root;
  std::string root;
  bool was_placed = false;
  bool is_placed_now = false;
  if (was_there) {
    TAILRACE_ASSIGN(was_placed, root_above(Moment::before, place, old_target, old_root));
  }
  if (change.value) {
    TAILRACE_ASSIGN(is_placed_now, root_above(Moment::after, place, *change.value, root));
  }
  const PlanNode& node = node_of(place);
  if (!gone) {
    if (!is_placed_now) return {};
    return walk({entry.document, Moment::after, false, change.idx, root}, node, entry.key, visit);
  }
  if (!was_placed || (is_placed_now && root == old_root)) return {};
  return walk({entry.document, Moment::before, true, change.idx, old_root}, node, entry.key, visit);
}

Result<void> Placement::walk(const Walk& at, const PlanNode& node, std::string_view key,
                             const Visitor& visit) {
  for (const NodeId id : node.children) {
    const PlanNode& child = plan_.documents[at.document].nodes[id];
    const std::string prefix = row_prefix({at.document, id}, key);
    const auto each = [&](std::string_view found, std::string_view values) -> Result<void> {
      const std::string_view own = found.substr(prefix.size());
      const std::string_view shown = at.gone ? std::string_view{} : values;
      TAILRACE_TRY(visit({at.document, id, at.gone, at.idx, at.root, own, shown}));
      return walk(at, child, own, visit);
    };
    TAILRACE_TRY(store_.scan(at.moment, prefix, each));
  }
  return {};
}

}  // namespace tailrace::transform
