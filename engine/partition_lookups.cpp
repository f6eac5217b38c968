// Lookups: asking for values that are missing or old (R8), and following changed values to the
// roots that refer to them (R9).
#include <algorithm>

#include "engine/partition.hpp"
#include "transform/projection/row_view.hpp"

namespace tailrace::engine {

using transform::Family;
using transform::NodeId;

namespace {

constexpr int edges_per_step = 256;  // so that a product in a million orders does not stop the rest

constexpr char with_source = '\xff';  // no node has this number

std::string edge_source(std::uint8_t source) {
  return source == 0 ? std::string() : std::string{with_source, static_cast<char>(source)};
}

std::string edge_prefix(NodeId node, std::uint8_t source, std::string_view key) {
  std::string prefix = edge_source(source);
  prefix.push_back(static_cast<char>(node));
  append_sized(prefix, key);
  return prefix;
}

// Of the references of `node` that a change concerns.
std::string edge_prefix(NodeId node, const LookupChangeSeen& change) {
  if (!change.every_key) return edge_prefix(node, change.source, change.key);
  std::string prefix = edge_source(change.source);
  prefix.push_back(static_cast<char>(node));
  return prefix;
}

struct Edge {
  transform::Reference reference;
  std::string root;
};
Edge edge_of(std::string_view stored) {
  ByteReader in(stored);
  Edge edge;
  edge.reference.node = in.byte();
  if (edge.reference.node == static_cast<NodeId>(with_source)) {
    edge.reference.source = in.byte();
    edge.reference.node = in.byte();
  }
  edge.reference.key = in.sized();
  edge.root.assign(in.position(), in.remaining());
  return edge;
}

}  // namespace

void PartitionTask::add_edges(const RootEntry& root, const std::vector<std::string>& changed) {
  std::vector<transform::Reference> references;
  for (const std::string& key : changed) {
    const auto node = static_cast<NodeId>(key[0]);
    const transform::Fragment* fragment =
        root.state.find(node, static_cast<std::uint8_t>(key[1]), std::string_view(key).substr(2));
    if (fragment != nullptr) transform::references_of(shared_.plan, *fragment, references);
  }
  add_edges_of(root.key, references, batch_);
}

void PartitionTask::add_edges_of(std::string_view root_key,
                                 const std::vector<transform::Reference>& references,
                                 transform::StoreBatch& batch) const {
  for (const transform::Reference& reference : references) {
    batch.put(Family::edge,
              edge_prefix(reference.node, reference.source, reference.key).append(root_key), {});
  }
}

Result<void> PartitionTask::want_all(RootEntry& root, Offset held) {
  std::vector<transform::Reference> references;
  transform::references_of(shared_.plan, root.state, references);
  return want(root, std::move(references), held, nullptr);
}

Result<void> PartitionTask::want(RootEntry& root, std::vector<transform::Reference> references,
                                 Offset held, const std::shared_ptr<Scan>& scan) {
  std::string record;
  transform::begin_lookups(record);
  bool any = false;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const transform::Reference reference = references[i];  // the vector may grow
    TAILRACE_ASSIGN(const bool added, want_one(root, reference, record, references));
    any = any || added;
  }
  if (!any) return {};
  TAILRACE_ASSIGN(const std::uint64_t ticket, shared_.member->append(partition_, root.key, record));
  root.asked_at = shared_.clock.now();
  if (!shared_.rules.hold_for_appends) {
    tickets_[ticket] = {-1, nullptr};
  } else if (scan) {
    ++scan->outstanding;
    ++scan_appends_;
    tickets_[ticket] = {-1, scan};
  } else {
    window_.hold(held);
    tickets_[ticket] = {held, nullptr};
  }
  return {};
}

Result<bool> PartitionTask::want_one(RootEntry& root, const transform::Reference& reference,
                                     std::string& record,
                                     std::vector<transform::Reference>& references) {
  const transform::PlanNode& node = shared_.plan.nodes[reference.node];
  TAILRACE_ASSIGN(const LookupValue* value, shared_.view.find(node.lookup_table, reference.source,
                                                              node.key_set, reference.key));
  if (value == nullptr) return false;  // its row will be posted when it comes
  const transform::Fragment* current =
      root.state.find(reference.node, reference.source, reference.key);
  const bool keep = node.when_changed == transform::WhenChanged::keep;
  if (keep) {
    if (value->gone || (current != nullptr && !current->gone)) return false;
  } else if (current != nullptr && current->token >= value->token) {
    return false;
  }
  const auto asked =
      std::find_if(root.asked.begin(), root.asked.end(), [&](const AskedLookup& known) {
        return known.node == reference.node && known.source == reference.source &&
               known.key == reference.key;
      });
  if (asked != root.asked.end()) {
    if (keep || asked->token >= value->token) return false;  // in the log or on its way
    asked->token = value->token;
  } else {
    root.asked.push_back({reference.node, reference.source, reference.key, value->token});
  }
  transform::Fragment fragment;
  if (!value->gone) {
    const transform::RowView row(value->values);
    for (const transform::Slot slot : node.table_slots) append_value(fragment.values, row[slot]);
  }
  transform::LookupEntry entry;
  entry.origin = {reference.source,
                  {value->token.epoch, value->token.seq, 0},
                  value->commit_time_us,
                  value->gtid};
  entry.idx = value->token.idx;
  entry.node = reference.node;
  entry.gone = value->gone;
  entry.key = reference.key;
  entry.values = fragment.values;
  append_lookup_entry(record, entry);
  fragment.key = transform::fragment_key(reference.node, reference.source, reference.key);
  fragment.gone = value->gone;
  transform::references_of(shared_.plan, fragment, references);
  return true;
}

void PartitionTask::appended(std::uint64_t ticket, Offset offset) {
  const auto at = tickets_.find(ticket);
  if (at == tickets_.end()) return;
  if (at->second.held >= 0) window_.release(at->second.held);
  if (at->second.scan) {
    --at->second.scan->outstanding;
    --scan_appends_;
    unread_appends_.push_back(offset);
  }
  tickets_.erase(at);
  last_append_ = std::max(last_append_, offset);
  retire_scans();
}

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
  auto scan = std::make_shared<Scan>();
  scan->change = change;
  scans_[change.table].push_back(std::move(scan));
  return {};
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
int PartitionTask::allowance(const transform::PlanNode& node) {
  if (node.refresh_per_second == 0) return edges_per_step;
  const double rate = static_cast<double>(node.refresh_per_second) / shared_.partitions;
  const Deadline now = shared_.clock.now();
  Allowance& allowance = allowances_[node.id];
  if (allowance.at == Deadline{}) allowance = {now, 1.0};
  const double earned = std::chrono::duration<double>(now - allowance.at).count() * rate;
  allowance = {now, std::min(allowance.roots + earned, std::max(rate, 1.0))};
  return static_cast<int>(std::min(allowance.roots, static_cast<double>(edges_per_step)));
}

// One slice of one scan: up to `budget` roots, counted down. False: it may not go on now.
Result<bool> PartitionTask::scan_slice(const std::shared_ptr<Scan>& scan, NodeId id, int& budget) {
  const transform::PlanNode& node = shared_.plan.nodes[id];
  const auto allowed = static_cast<std::size_t>(std::min(budget, allowance(node)));
  if (allowed == 0) return false;
  const std::string prefix = edge_prefix(id, scan->change);
  if (scan->cursor.empty()) scan->cursor = prefix;
  std::vector<std::string> edges;
  TAILRACE_TRY(scan_store(Family::edge, scan->cursor, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    edges.emplace_back(key);
    return edges.size() < allowed;
  }));
  for (const std::string& stored : edges) {
    const Edge edge = edge_of(stored);
    TAILRACE_TRY(scan_edge(scan, edge.reference, edge.root));
  }
  budget -= static_cast<int>(edges.size());
  if (node.refresh_per_second != 0) allowances_[id].roots -= static_cast<double>(edges.size());
  if (edges.size() < allowed) {
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
      const std::vector<NodeId> nodes = nodes_of(scan->change);
      while (scan->node < nodes.size() && budget > 0) {
        TAILRACE_ASSIGN(const bool more, scan_slice(scan, nodes[scan->node], budget));
        if (!more) break;
      }
      scan->scanned = scan->node >= nodes.size();
      --budget;
    }
  }
  shared_.fanout_room -= static_cast<std::size_t>(most - std::max(budget, 0));
  if (any) retire_scans();
  return any;
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
