#include "transform/router.hpp"

#include <unordered_set>

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include "core/json_writer.hpp"
#include "transform/row_keys.hpp"

namespace tailrace::transform {

namespace {

// Up to this many groups a transaction is searched from its end; above, by hash.
constexpr std::size_t linear_groups = 8;
constexpr std::size_t linear_rows = 16;
// What is kept for the next transaction; a giant one gives its memory back.
constexpr std::size_t kept_groups = 1024;
constexpr std::size_t kept_bytes = 1u << 20;

}  // namespace

Router::Router(const PipelinePlan& plan, const RoutedShard& shard) : plan_(plan) {
  for (const DocumentPlan& document : plan.documents) {
    prefixes_.push_back(document.key_prefix(shard.name, shard.group));
  }
}

void Router::begin(const Origin& origin, std::uint32_t pass, std::uint32_t passes) {
  origin_ = origin;
  gtid_.assign(origin.gtid);
  origin_.gtid = gtid_;
  pass_ = pass;
  passes_ = passes;
  complete_ = false;
  for (std::size_t i = 0; i < group_count_; ++i) groups_[i].rows.clear();
  group_count_ = 0;
  index_.clear();
  lookups_.clear();
  arena_.clear();
  bytes_ = 0;
}

void Router::begin_complete(const Origin& origin) {
  begin(origin);
  complete_ = true;
}

const Router::Route& Router::route_of(const TableSchema* table) {
  const auto [at, created] = routes_.try_emplace(table);
  if (!created) return at->second;
  for (std::size_t d = 0; d < plan_.documents.size(); ++d) {
    for (const PlanNode& node : plan_.documents[d].nodes) {
      if (node.kind != NodeKind::lookup && !node.deep() && node.table == table->id.table) {
        at->second.nodes.emplace_back(static_cast<std::uint16_t>(d), node.id);
      }
    }
  }
  for (std::size_t t = 0; t < plan_.lookups.size(); ++t) {
    if (plan_.lookups[t].table == table->id.table) {
      at->second.lookups.push_back(static_cast<std::uint16_t>(t));
    }
  }
  return at->second;
}

Result<void> Router::add(const RowChange& row) {
  const Route& route = route_of(row.table);
  for (const auto& [document, node] : route.nodes) {
    TAILRACE_TRY(add_to_node(document, plan_.documents[document].nodes[node], row));
  }
  for (const std::uint16_t table : route.lookups) TAILRACE_TRY(add_to_lookup(table, row));
  return {};
}

Result<void> Router::read_keys(const PlanNode& node, const RowChange& row,
                               std::span<const Value> image, RowKeys& keys) const {
  keys.own.clear();
  TAILRACE_ASSIGN(keys.known, append_key(keys.root, node, node.root_key, row, image));
  TAILRACE_TRY(append_key(keys.own, node, node.key, row, image));
  return {};
}

Result<void> Router::add_to_node(std::uint16_t document, const PlanNode& node,
                                 const RowChange& row) {
  before_.known = false;
  after_.known = false;
  before_.root = after_.root = prefixes_[document];
  if (row.op != RowOp::insert) TAILRACE_TRY(read_keys(node, row, row.before, before_));
  if (row.op != RowOp::remove) TAILRACE_TRY(read_keys(node, row, row.after, after_));
  const bool stays = after_.known && before_.root == after_.root && before_.own == after_.own;
  if (before_.known && !stays) put(document, node, row, before_, nullptr);
  if (after_.known) put(document, node, row, after_, &row.after);
  return {};
}

Result<void> Router::add_to_lookup(std::uint16_t table, const RowChange& row) {
  const LookupTable& lookup = plan_.lookups[table];
  std::string values;
  if (row.op != RowOp::remove) append_values(values, lookup.table_columns, row.after);
  const auto key_of = [&](const std::vector<Slot>& slots,
                          std::span<const Value> image) -> Result<std::string> {
    std::string key;
    for (const Slot slot : slots) {
      const Value& value = image[lookup.table_columns[slot]];
      if (value.is_absent()) return missing_key(row, lookup.columns[slot]);
      if (value.is_missing()) return std::string();
      append_key_part(key, value);
    }
    return key;
  };
  for (std::size_t set = 0; set < lookup.key_sets.size(); ++set) {
    std::string old_key;
    std::string new_key;
    if (row.op != RowOp::insert) {
      TAILRACE_ASSIGN(old_key, key_of(lookup.key_sets[set], row.before));
    }
    if (row.op != RowOp::remove) {
      TAILRACE_ASSIGN(new_key, key_of(lookup.key_sets[set], row.after));
    }
    const auto key_set = static_cast<std::uint16_t>(set);
    if (!old_key.empty() && old_key != new_key) {
      put_lookup(table, lookup_log_key(origin_.source, key_set, old_key),
                 {origin_, idx_of(row.index), true, {}});
    }
    if (!new_key.empty()) {
      put_lookup(table, lookup_log_key(origin_.source, key_set, new_key),
                 {origin_, idx_of(row.index), false, values});
    }
  }
  return {};
}

void Router::put_lookup(std::uint16_t table, std::string_view key, const LookupRow& row) {
  if (passes_ > 1 && XXH3_64bits(key.data(), key.size()) % passes_ != pass_) return;
  PendingLookup& pending = lookups_.emplace_back(PendingLookup{table, std::string(key), {}});
  encode(pending.record, row);
  bytes_ += pending.key.size() + pending.record.size();
}

Router::Piece Router::keep(std::string_view bytes) {
  const Piece piece{arena_.size(), bytes.size()};
  arena_.append(bytes);
  return piece;
}

void Router::put(std::uint16_t document, const PlanNode& node, const RowChange& row,
                 const RowKeys& keys, const std::span<const Value>* image) {
  const std::string_view root = keys.root;
  if (passes_ > 1 && XXH3_64bits(root.data(), root.size()) % passes_ != pass_) return;
  const std::size_t before = arena_.size();
  PendingGroup& group = group_of(document, root);
  PendingRow pending{node.id,        image == nullptr,   idx_of(row.index),
                     keep(keys.own), {arena_.size(), 0}, false};
  // Said only where it matters: the record format has it in its flags.
  pending.alone = row.unchecked && pending.gone && node.id == 0 && plan_.documents[document].falls;
  if (image != nullptr) append_values(arena_, node.table_columns, *image);
  pending.values.size = arena_.size() - pending.values.at;
  group.rows.push_back(pending);
  bytes_ += arena_.size() - before + sizeof(PendingRow);
}

void Router::add(const PlacedRow& row) {
  const std::string root = prefixes_[row.document] + std::string(row.root);
  if (passes_ > 1 && XXH3_64bits(root.data(), root.size()) % passes_ != pass_) return;
  const std::size_t before = arena_.size();
  PendingGroup& group = group_of(row.document, root);
  const Piece key = keep(row.key);
  group.rows.push_back({row.node, row.gone, idx_of(row.idx), key, keep(row.values), false});
  bytes_ += arena_.size() - before + sizeof(PendingRow);
}

Router::PendingGroup& Router::group_of(std::uint16_t document, std::string_view root) {
  const auto create = [&]() -> PendingGroup& {
    if (group_count_ == groups_.size()) groups_.emplace_back();
    PendingGroup& group = groups_[group_count_++];
    group.document = document;
    group.root = keep(root);
    bytes_ += sizeof(PendingGroup);
    return group;
  };
  if (index_.empty()) {
    for (std::size_t i = group_count_; i-- > 0;) {
      if (groups_[i].document == document && text(groups_[i].root) == root) return groups_[i];
    }
    if (group_count_ < linear_groups) return create();
    for (std::size_t i = 0; i < group_count_; ++i) {
      scratch_.assign(1, static_cast<char>(groups_[i].document));
      scratch_.append(text(groups_[i].root));
      index_.emplace(scratch_, i);
    }
  }
  scratch_.assign(1, static_cast<char>(document));
  scratch_.append(root);
  const auto [at, created] = index_.try_emplace(scratch_, group_count_);
  return created ? create() : groups_[at->second];
}

// Later rows of one fragment replace earlier ones: marks what is to be left out. A root that was
// deleted and inserted again took along what hung on it: that stays.
void Router::find_superseded(const PendingGroup& group) {
  const std::vector<PendingRow>& rows = group.rows;
  const bool falls = plan_.documents[group.document].falls;
  const auto replaced = [&](const PendingRow& row) {
    return !(falls && row.node == 0 && row.gone && !row.alone);
  };
  superseded_.assign(rows.size(), false);
  if (rows.size() <= linear_rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!replaced(rows[i])) continue;
      for (std::size_t k = i + 1; k < rows.size() && !superseded_[i]; ++k) {
        superseded_[i] = rows[k].node == rows[i].node && text(rows[k].key) == text(rows[i].key);
      }
    }
    return;
  }
  std::unordered_set<std::string> seen;
  for (std::size_t i = rows.size(); i-- > 0;) {
    scratch_.assign(1, static_cast<char>(rows[i].node));
    scratch_.append(text(rows[i].key));
    superseded_[i] = !seen.insert(scratch_).second && replaced(rows[i]);
  }
}

Result<void> Router::finish(const std::function<Result<void>(const Group&)>& on_group,
                            const std::function<Result<void>(const LookupChange&)>& on_lookup) {
  for (const PendingLookup& lookup : lookups_) {
    TAILRACE_TRY(on_lookup({lookup.table, lookup.key, lookup.record}));
  }
  for (std::size_t i = 0; i < group_count_; ++i) {
    const PendingGroup& group = groups_[i];
    find_superseded(group);
    record_.clear();
    begin_group(record_, origin_, complete_);
    std::uint32_t rows = 0;
    for (std::size_t k = 0; k < group.rows.size(); ++k) {
      if (superseded_[k]) continue;
      const PendingRow& row = group.rows[k];
      append_group_row(record_,
                       {row.node, row.gone, row.idx, text(row.key), text(row.values), row.alone});
      ++rows;
    }
    TAILRACE_TRY(on_group({group.document, text(group.root), record_, rows}));
  }
  if (group_count_ > kept_groups || bytes_ > kept_bytes) {
    group_count_ = 0;
    std::vector<PendingGroup>().swap(groups_);
    std::unordered_map<std::string, std::size_t>().swap(index_);
    std::vector<PendingLookup>().swap(lookups_);
    std::string().swap(arena_);
    std::string().swap(record_);
  }
  return {};
}

}  // namespace tailrace::transform
