// The fan-out: following changed lookup values to the roots that refer to them (R9), a slice at a
// time, and telling how far it is.
#include <algorithm>
#include <iterator>

#include "engine/edge_key.hpp"
#include "engine/partition.hpp"
#include "transform/projection/row_view.hpp"

namespace tailrace::engine {

using transform::Family;
using transform::NodeId;

namespace {

constexpr int edges_per_step = 256;  // so that a product in a million orders does not stop the rest
constexpr double slice_s = 0.05;     // of a rate
constexpr int counted_per_step = 5000;

struct Edge {
  transform::Reference reference;
  std::string root;
};
Edge edge_of(std::string_view stored) {
  ByteReader in(stored);
  Edge edge;
  edge.reference.node = in.byte();
  if (edge.reference.node == static_cast<NodeId>(edge_with_source)) {
    edge.reference.source = in.byte();
    edge.reference.node = in.byte();
  }
  edge.reference.key = in.sized();
  edge.root.assign(in.position(), in.remaining());
  return edge;
}

LookupChangeSeen every_key_of(const LookupChangeSeen& change) {
  return {change.table, change.offset, change.source, 0, {}, true};
}

std::string waiting_key(const LookupChangeSeen& change) {
  std::string key;
  append_varint(key, change.table);
  append_varint(key, change.source);
  append_varint(key, change.every_key ? 0 : 1 + change.key_set);
  return change.every_key ? key : key + change.key;
}

}  // namespace

// Without a reference there is nothing to scan; one that comes later looks into the view itself.
Result<void> PartitionTask::post(const LookupChangeSeen& change) {
  bool referred = false;
  for (const NodeId node : nodes_of(change)) {
    const std::string prefix = edge_prefix(node, change);
    TAILRACE_TRY(scan_store(Family::edge, prefix, [&](std::string_view key, std::string_view) {
      referred = referred || key.starts_with(prefix);
      return false;
    }));
  }
  if (!referred && next_ >= silent_below_) return {};
  // A whole-table scan that has not begun will meet this change, too.
  if (!change.every_key && waiting_.contains(waiting_key(every_key_of(change)))) return {};
  std::list<std::shared_ptr<Scan>>& queue = scans_[change.table];
  // So will a later scan of the same key: of many renames at most two are followed, the one that is
  // under way and the newest.
  if (const auto older = waiting_.find(waiting_key(change)); older != waiting_.end()) {
    queue.erase(older->second);
    waiting_.erase(older);
  }
  if (queue.size() >= shared_.fanout_limit) {
    fold(queue, change);
  } else {
    enqueue(queue, queue.end(), change);
  }
  return {};
}

void PartitionTask::enqueue(std::list<std::shared_ptr<Scan>>& queue,
                            std::list<std::shared_ptr<Scan>>::iterator before,
                            const LookupChangeSeen& change) {
  auto scan = std::make_shared<Scan>();
  scan->change = change;
  waiting_[waiting_key(change)] = queue.insert(before, std::move(scan));
}

// Too many changes wait (the fan-out is paused): one scan of all references takes their place, at
// the offset of the first, so that memory stays bounded and the view need not wait.
void PartitionTask::fold(std::list<std::shared_ptr<Scan>>& queue, const LookupChangeSeen& change) {
  LookupChangeSeen all = every_key_of(change);
  auto place = queue.end();
  for (auto at = queue.begin(); at != queue.end();) {
    if ((*at)->begun() || (*at)->change.source != change.source) {
      ++at;
      continue;
    }
    const bool is_first = place == queue.end();
    if (is_first) all.offset = (*at)->change.offset;
    waiting_.erase(waiting_key((*at)->change));
    at = queue.erase(at);
    if (is_first) place = queue.insert(at, nullptr);  // keeps the place
  }
  enqueue(queue, place, all);
  if (place != queue.end()) queue.erase(place);
}

std::size_t PartitionTask::fanout_pending() const {
  std::size_t count = 0;
  for (const auto& [table, queue] : scans_) count += queue.size();
  return count;
}

std::vector<NodeId> PartitionTask::nodes_of(const LookupChangeSeen& change) const {
  std::vector<NodeId> nodes;
  for (const transform::PlanNode& node : shared_.plan.nodes) {
    if (node.kind == transform::NodeKind::lookup && node.lookup_table == change.table &&
        (change.every_key || node.key_set == change.key_set)) {
      nodes.push_back(node.id);
    }
  }
  return nodes;
}

// How many roots of `node` may be followed now: `refresh: rate`, this partition's share of it.
// Given out in slices: each costs a write of the store and a new iterator.
int PartitionTask::allowance(const transform::PlanNode& node) {
  if (node.refresh_per_second == 0) return edges_per_step;
  const double rate = static_cast<double>(node.refresh_per_second) / shared_.partitions;
  const Deadline now = shared_.clock.now();
  Allowance& allowance = allowances_[node.id];
  if (allowance.at == Deadline{}) allowance = {now, 1.0};
  const double earned = std::chrono::duration<double>(now - allowance.at).count() * rate;
  allowance = {now, std::min(allowance.roots + earned, std::max(rate, 1.0))};
  const double slice = std::clamp(rate * slice_s, 1.0, static_cast<double>(edges_per_step));
  if (allowance.roots < slice) return 0;
  return static_cast<int>(std::min(allowance.roots, static_cast<double>(edges_per_step)));
}

Result<std::vector<std::string>> PartitionTask::edges_from(const Scan& scan,
                                                           const std::string& prefix, int most) {
  std::vector<std::string> edges;
  TAILRACE_TRY(scan_store(Family::edge, scan.cursor, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    edges.emplace_back(key);
    return edges.size() < static_cast<std::size_t>(most);
  }));
  return edges;
}

// One slice of one scan: up to `budget` roots, counted down. A rate counts only roots that are
// asked to follow. False: it may not go on now.
Result<bool> PartitionTask::scan_slice(const std::shared_ptr<Scan>& scan, NodeId id, int& budget) {
  const transform::PlanNode& node = shared_.plan.nodes[id];
  const int most = std::min(budget, allowance(node));
  if (most == 0) return false;
  const std::string prefix = edge_prefix(id, scan->change);
  if (scan->cursor.empty()) scan->cursor = prefix;
  TAILRACE_ASSIGN(const std::vector<std::string> edges, edges_from(*scan, prefix, most));
  const std::uint64_t asked_before = scan->asked;
  for (const std::string& stored : edges) {
    const Edge edge = edge_of(stored);
    TAILRACE_TRY(scan_edge(scan, edge.reference, edge.root));
  }
  if (node.refresh_per_second != 0)
    allowances_[id].roots -= static_cast<double>(scan->asked - asked_before);
  budget -= static_cast<int>(edges.size());
  scan->looked_at += edges.size();
  looked_at_[scan->change.table] += edges.size();
  if (edges.size() < static_cast<std::size_t>(most)) {
    ++scan->node;
    scan->cursor.clear();
  } else {
    scan->cursor = edges.back() + '\0';
  }
  return true;
}

std::size_t PartitionTask::fanout_under_way() {
  while (!unread_appends_.empty() && unread_appends_.front() < next_) unread_appends_.pop_front();
  return scan_appends_ + unread_appends_.size();
}

Result<bool> PartitionTask::scan_some() {
  int budget = static_cast<int>(std::min<std::size_t>(edges_per_step, shared_.fanout_room));
  const int most = budget;
  bool any = false;
  for (auto& [table, queue] : scans_) {
    for (const std::shared_ptr<Scan>& scan : queue) {
      if (budget <= 0) break;
      if (scan->scanned) continue;
      any = true;
      const bool had_begun = scan->begun();
      const std::vector<NodeId> nodes = nodes_of(scan->change);
      while (scan->node < nodes.size() && budget > 0) {
        TAILRACE_ASSIGN(const bool more, scan_slice(scan, nodes[scan->node], budget));
        if (!more) break;
      }
      scan->scanned = scan->node >= nodes.size();
      if (!had_begun && scan->begun()) waiting_.erase(waiting_key(scan->change));
      --budget;
    }
  }
  shared_.fanout_room -= static_cast<std::size_t>(most - std::max(budget, 0));
  if (any) retire_scans();
  TAILRACE_TRY(count_some());
  return any;
}

// What lies before the scans that take more than a slice, or that wait for a pause to end: for
// people who wait for it.
Result<void> PartitionTask::count_some() {
  int budget = counted_per_step;
  for (auto& [table, queue] : scans_) {
    for (const std::shared_ptr<Scan>& scan : queue) {
      if (budget <= 0 || (!scan->begun() && !shared_.fanout_paused)) break;
      if (scan->counted_all || scan->scanned) continue;
      TAILRACE_TRY(count_slice(*scan, budget));
    }
  }
  return {};
}

Result<void> PartitionTask::count_slice(Scan& scan, int& budget) {
  const std::vector<NodeId> nodes = nodes_of(scan.change);
  for (; scan.counted_nodes < nodes.size() && budget > 0; --budget) {
    const std::string prefix = edge_prefix(nodes[scan.counted_nodes], scan.change);
    if (scan.count_cursor.empty()) scan.count_cursor = prefix;
    std::string last;
    const auto count = [&](std::string_view key, std::string_view) {
      if (!key.starts_with(prefix)) return false;
      ++scan.counted;
      if (--budget > 0) return true;
      last = key;
      return false;
    };
    TAILRACE_TRY(store_->scan(Family::edge, scan.count_cursor, count));
    scan.count_cursor = last.empty() ? std::string() : last + '\0';
    if (last.empty()) ++scan.counted_nodes;
  }
  scan.counted_all = scan.counted_nodes >= nodes.size();
  return {};
}

std::map<std::uint16_t, PartitionTask::FanoutProgress> PartitionTask::fanout() const {
  std::map<std::uint16_t, FanoutProgress> found;
  for (const auto& [table, count] : looked_at_) found[table].looked_at = count;
  for (const auto& [table, queue] : scans_) {
    FanoutProgress& progress = found[table];
    progress.changes = queue.size();
    for (const std::shared_ptr<Scan>& scan : queue) {
      if (scan->scanned) continue;
      const std::uint64_t known = std::max(scan->counted, scan->looked_at + 1);
      progress.documents += known - scan->looked_at;
      progress.counted = progress.counted && scan->counted_all;
    }
  }
  return found;
}

Result<void> PartitionTask::scan_edge(const std::shared_ptr<Scan>& scan,
                                      const transform::Reference& wanted,
                                      std::string_view root_key) {
  TAILRACE_ASSIGN(RootEntry* const root, load(root_key));
  std::vector<transform::Reference> references;
  transform::references_of(shared_.plan, root->state, references);
  if (std::find(references.begin(), references.end(), wanted) == references.end()) {
    // A lookup value that nobody follows now may refer to it, and be followed again without a
    // change.
    std::vector<transform::Reference> kept;
    transform::direct_references_of(shared_.plan, root->state, kept);
    if (std::find(kept.begin(), kept.end(), wanted) != kept.end()) return {};
    // The reference has left; a later one puts the edge again.
    batch_.remove(Family::edge,
                  edge_prefix(wanted.node, wanted.source, wanted.key).append(root_key));
    return {};
  }
  return want(*root, {wanted}, -1, scan);
}

void PartitionTask::retire_scans() {
  for (auto& [table, queue] : scans_) {
    while (!queue.empty() && queue.front()->scanned && queue.front()->outstanding == 0)
      queue.pop_front();
  }
}

}  // namespace tailrace::engine
