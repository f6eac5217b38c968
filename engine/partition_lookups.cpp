// Lookups: asking for values that are missing or old (R8). partition_fanout.cpp follows changed
// values to the roots that refer to them.
#include <algorithm>

#include "engine/edge_key.hpp"
#include "engine/partition.hpp"
#include "transform/projection/row_view.hpp"

namespace tailrace::engine {

using transform::Family;
using transform::NodeId;

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
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const transform::Reference reference = references[i];  // the vector may grow
    TAILRACE_ASSIGN(const bool added, want_one(root, reference, record, references));
    std::string key = transform::fragment_key(reference.node, reference.source, reference.key);
    if (added) {
      wanted.push_back(std::move(key));
    } else if (scan) {
      rely_on(root, key, scan);
    }
  }
  if (wanted.empty()) return {};
  TAILRACE_ASSIGN(const std::uint64_t ticket, shared_.member->append(partition_, root.key, record));
  for (const std::string& key : wanted) root.asked_from(key)->ticket = ticket;
  root.asked_at = shared_.clock.now();
  if (scan) ++scan->asked;
  if (!shared_.rules.hold_for_appends) {
    tickets_[ticket] = {};
  } else if (scan) {
    ++scan->outstanding;
    ++scan_appends_;
    tickets_[ticket] = {-1, scan, {}};
  } else {
    window_.hold(held);
    tickets_[ticket] = {held, nullptr, {}};
  }
  return {};
}

// What the scan would have appended is under way for a record that holds the offset. Who reads that
// record again need not ask again (the store may be older then): dprog waits, too (R15).
void PartitionTask::rely_on(RootEntry& root, std::string_view key,
                            const std::shared_ptr<Scan>& scan) {
  if (!shared_.rules.rely_on_asked) return;
  const auto asked = root.asked_from(key);
  if (asked == root.asked.end() || asked->key != key) return;
  const auto at = tickets_.find(asked->ticket);
  if (at == tickets_.end()) return;  // it is in the log, and will be read
  ++scan->outstanding;
  at->second.others.push_back(scan);
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
  transform::Fragment fragment;
  fragment.key = transform::fragment_key(reference.node, reference.source, reference.key);
  const auto asked = root.asked_from(fragment.key);
  if (asked != root.asked.end() && asked->key == fragment.key) {
    if (keep || asked->token >= value->token) return false;  // in the log or on its way
    asked->token = value->token;
  } else {
    root.asked.insert(asked, {fragment.key, value->token, 0});
  }
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
  for (const std::shared_ptr<Scan>& scan : at->second.others) --scan->outstanding;
  tickets_.erase(at);
  last_append_ = std::max(last_append_, offset);
  retire_scans();
}

}  // namespace tailrace::engine
