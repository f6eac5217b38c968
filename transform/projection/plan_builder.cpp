#include "transform/projection/plan_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/json_writer.hpp"
#include "transform/projection/plan_error.hpp"

namespace tailrace::transform {

namespace {

constexpr std::size_t max_nodes = 200;  // NodeId is one byte; far above any sensible document

std::string column_list(const TableSchema& schema) {
  std::string names;
  for (const Column& column : schema.columns) {
    if (!names.empty()) names += ", ";
    names += column.name;
  }
  return names;
}

Slot slot_of(const PlanNode& node, std::uint32_t column) {
  const auto at = std::find(node.table_columns.begin(), node.table_columns.end(), column);
  return static_cast<Slot>(at - node.table_columns.begin());
}

void add_to_hash(std::string& text, const PlanNode& node) {
  text +=
      fmt::format("{}|{}|{}|{}|", static_cast<int>(node.kind), node.parent, node.name, node.table);
  for (const std::string& column : node.columns) text += column + ",";
  for (const OutputField& field : node.fields)
    text += fmt::format("{}={},", field.name, field.slot);
  for (const Slot slot : node.key) text += fmt::format("k{}", slot);
  for (const Slot slot : node.root_key) text += fmt::format("r{}", slot);
  if (node.deep()) {
    for (const Slot slot : node.parent_key) text += fmt::format("h{}", slot);
  }
  for (const Slot slot : node.parent_on) text += fmt::format("p{}", slot);
  if (!node.cap_flag.empty()) text += "cap " + node.cap_flag + "|";
  if (node.flatten != 0) text += fmt::format("flatten {}|", node.flatten);
  if (node.hidden) text += "hidden|";
  text += node.when_changed == WhenChanged::keep ? "keep\n" : "refresh\n";
}

// The layout of the lookup logs a document reads belongs to its hash: another document's fields
// can change it.
std::uint64_t hash_of(const DocumentPlan& document, const std::vector<LookupTable>& lookups,
                      const SourceLayout& layout) {
  std::string text = document.name + "|" + document.id_template;
  if (document.shard_in_key) text += "|shard";
  if (document.unique_across_shards) text += "|unique";
  text += "\n";
  for (const PlanNode& node : document.nodes) {
    add_to_hash(text, node);
    // Which source a table is in decides which rows its fragments stand for.
    if (layout.groups.size() > 1) {
      text += "@" + layout.groups[layout.group_of(node.table)].name + "\n";
    }
    if (node.kind != NodeKind::lookup) continue;
    for (const std::string& column : lookups[node.lookup_table].columns) text += column + ";";
    text += fmt::format("s{}\n", node.key_set);
  }
  for (const ComputedField& field : document.computed) {
    text += fmt::format("compute {}={}|{}\n", field.name, field.source, field.node);
  }
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace

std::string field_prefix(const std::string& name) {
  std::string prefix;
  append_json_string(prefix, name);
  prefix += ':';
  return prefix;
}

Result<const TableSchema*> PlanBuilder::table(const std::string& path,
                                              const std::string& name) const {
  for (const TableSchema& schema : tables_) {
    if (schema.id.table == name) return &schema;
  }
  return plan_error(path, fmt::format("there is no table '{}'", name));
}

Result<std::uint32_t> PlanBuilder::use(Columns& columns, const std::string& path,
                                       const std::string& column) const {
  const auto index = columns.schema->find(column);
  if (!index) {
    return plan_error(
        path, fmt::format("table {} has no column '{}'; it has {}", columns.schema->id.text(),
                          column, column_list(*columns.schema)));
  }
  columns.used[*index] = true;
  return *index;
}

Result<PlanBuilder::Columns> PlanBuilder::begin(
    const std::string& path, const std::string& table_name,
    const std::optional<std::vector<FieldSpec>>& fields) const {
  TAILRACE_ASSIGN(const TableSchema* schema, table(path, table_name));
  if (schema->primary_key.empty()) {
    return plan_error(path, fmt::format("table {} has no primary key; add one", schema->id.text()));
  }
  Columns columns{schema, std::vector<bool>(schema->columns.size(), false), {}};
  for (const std::uint32_t column : schema->primary_key) columns.used[column] = true;
  if (fields) {
    for (const FieldSpec& field : *fields) {
      TAILRACE_ASSIGN(const std::uint32_t column, use(columns, path + ".fields", field.column));
      columns.fields.emplace_back(column, field.name);
    }
    return columns;
  }
  for (std::uint32_t i = 0; i < schema->columns.size(); ++i) {
    columns.used[i] = true;
    columns.fields.emplace_back(i, schema->columns[i].name);
  }
  return columns;
}

Result<void> PlanBuilder::use_lookup_keys(Columns& columns, const std::string& path,
                                          const std::vector<LookupSpec>& lookups) const {
  for (const LookupSpec& lookup : lookups) {
    for (const ColumnPair& pair : lookup.on) {
      TAILRACE_TRY(use(columns, path + ".lookups." + lookup.name + ".on", pair.from));
    }
  }
  return {};
}

void PlanBuilder::store(const Columns& columns, PlanNode& node) const {
  node.table = columns.schema->id.table;
  for (std::uint32_t i = 0; i < columns.used.size(); ++i) {
    if (!columns.used[i]) continue;
    node.columns.push_back(columns.schema->columns[i].name);
    node.table_columns.push_back(i);
  }
  for (const auto& [column, name] : columns.fields) {
    node.fields.push_back({slot_of(node, column), name, field_prefix(name)});
  }
}

Result<NodeId> PlanBuilder::new_node(NodeKind kind, NodeId parent, const std::string& name,
                                     const std::string& path) {
  if (document_.nodes.size() >= max_nodes) {
    return plan_error(path,
                      fmt::format("a document has at most {} children and lookups", max_nodes));
  }
  PlanNode node;
  node.id = static_cast<NodeId>(document_.nodes.size());
  node.kind = kind;
  node.parent = parent;
  node.name = name;
  node.prefix = field_prefix(name);
  document_.nodes.push_back(std::move(node));
  return document_.nodes.back().id;
}

Result<void> PlanBuilder::add(const DocumentSpec& spec) {
  document_ = {};
  document_.name = spec.name;
  document_.id_template = spec.id;
  TAILRACE_TRY(add_root(spec));
  const std::string path = "documents." + spec.name;
  TAILRACE_TRY(add_lookups(0, spec.lookups, path));
  TAILRACE_TRY(read_computed(spec, path));
  TAILRACE_TRY(add_children(0, spec.children, path, 1));
  set_cascades(spec);
  TAILRACE_TRY(add_computed(path));
  TAILRACE_TRY(check_names(path));
  plan_.documents.push_back(std::move(document_));
  return {};
}

Result<void> PlanBuilder::check_id(const DocumentSpec& spec, const std::string& path) const {
  std::string_view rest = spec.id;
  while (true) {
    const std::size_t open = rest.find('{');
    if (open == std::string_view::npos) return {};
    const std::size_t close = rest.find('}', open);
    if (close == std::string_view::npos) return plan_error(path + ".id", "a '{' is never closed");
    const std::string name(rest.substr(open + 1, close - open - 1));
    const auto& keys = document_.key_columns;
    if (name != "shard" && std::find(keys.begin(), keys.end(), name) == keys.end()) {
      return plan_error(path + ".id", fmt::format("'{{{}}}' is not part of the primary key of {}",
                                                  name, spec.root));
    }
    rest.remove_prefix(close + 1);
  }
}

Result<void> PlanBuilder::add_root(const DocumentSpec& spec) {
  const std::string path = "documents." + spec.name;
  TAILRACE_ASSIGN(Columns columns, begin(path, spec.root, spec.fields));
  TAILRACE_TRY(use_lookup_keys(columns, path, spec.lookups));
  for (const std::uint32_t column : columns.schema->primary_key) {
    document_.key_columns.push_back(columns.schema->columns[column].name);
  }
  TAILRACE_TRY(check_id(spec, path));
  place_root(spec);
  TAILRACE_TRY(new_node(NodeKind::root, 0, "", path));
  PlanNode& node = document_.nodes[0];
  store(columns, node);
  for (const std::uint32_t column : columns.schema->primary_key) {
    node.key.push_back(slot_of(node, column));
  }
  node.root_key = node.key;
  return {};
}

Result<void> PlanBuilder::add_children(NodeId parent, const std::vector<ChildSpec>& specs,
                                       const std::string& path, std::size_t level) {
  for (const ChildSpec& spec : specs) {
    const std::string child_path = path + ".children." + spec.name;
    if (level > max_levels) {
      return plan_error(child_path, fmt::format("children go {} levels deep at most", max_levels));
    }
    TAILRACE_TRY(add_child(parent, spec, child_path, level));
  }
  return {};
}

Result<void> PlanBuilder::add_child(NodeId parent, const ChildSpec& spec, const std::string& path,
                                    std::size_t level) {
  // What is not shown travels only where something else needs it.
  const bool shows_none = spec.hidden || !spec.flatten.empty();
  const std::optional<std::vector<FieldSpec>> none(std::in_place);
  TAILRACE_ASSIGN(Columns columns, begin(path, spec.table, shows_none ? none : spec.fields));
  if (parent == 0) TAILRACE_TRY(use_computed(columns, spec.name));
  TAILRACE_TRY(use_lookup_keys(columns, path, spec.lookups));
  const std::size_t parent_columns = document_.nodes[parent].key.size();
  if (spec.on.size() != parent_columns) {
    return plan_error(path + ".on",
                      fmt::format("names {} columns, the primary key of {} has {}", spec.on.size(),
                                  document_.nodes[parent].table, parent_columns));
  }
  const std::string& above = document_.nodes[parent].table;
  if (parent != 0 && layout_.group_of(spec.table) != layout_.group_of(above)) {
    return plan_error(path + ".table", fmt::format("its rows belong where the rows of {} are: both "
                                                   "tables must be of one source",
                                                   above));
  }
  std::vector<std::uint32_t> on;
  for (const std::string& name : spec.on) {
    TAILRACE_ASSIGN(const std::uint32_t column, use(columns, path + ".on", name));
    on.push_back(column);
  }
  std::vector<std::pair<std::uint32_t, bool>> sort;
  for (const SortSpec& key : spec.sort) {
    TAILRACE_ASSIGN(const std::uint32_t column, use(columns, path + ".sort", key.column));
    sort.emplace_back(column, key.descending);
  }
  TAILRACE_ASSIGN(const NodeId id, new_node(NodeKind::child, parent, spec.name, path));
  PlanNode& node = document_.nodes[id];
  store(columns, node);
  for (const std::uint32_t column : columns.schema->primary_key) {
    node.key.push_back(slot_of(node, column));
  }
  for (const std::uint32_t column : on) node.parent_key.push_back(slot_of(node, column));
  if (!node.deep()) node.root_key = node.parent_key;
  for (const auto& [column, descending] : sort)
    node.sort.push_back({slot_of(node, column), descending});
  for (const Slot slot : node.key) node.sort.push_back({slot, false});
  node.limit = spec.limit;
  node.one = spec.one;
  (parent == 0 ? document_.children : document_.nodes[parent].children).push_back(id);
  TAILRACE_TRY(add_lookups(id, spec.lookups, path));
  TAILRACE_TRY(set_display(document_.nodes[id], spec, path));
  return add_children(id, spec.children, path, level + 1);
}

Result<void> PlanBuilder::add_lookups(NodeId parent, const std::vector<LookupSpec>& specs,
                                      const std::string& path) {
  for (const LookupSpec& spec : specs) {
    const std::string lookup_path = path + ".lookups." + spec.name;
    TAILRACE_ASSIGN(const NodeId id, add_lookup(parent, spec, lookup_path));
    document_.nodes[parent].lookups.push_back(id);
    TAILRACE_TRY(add_lookups(id, spec.lookups, lookup_path));
  }
  return {};
}

Result<NodeId> PlanBuilder::add_lookup(NodeId parent, const LookupSpec& spec,
                                       const std::string& path) {
  TAILRACE_ASSIGN(Columns columns, begin(path, spec.table, spec.fields));
  TAILRACE_TRY(use_lookup_keys(columns, path, spec.lookups));
  const bool by_name = !spec.on.empty() && !spec.on[0].to.empty();
  if (!by_name && spec.on.size() != columns.schema->primary_key.size()) {
    return plan_error(path + ".on",
                      fmt::format("names {} columns, the primary key of {} has {}", spec.on.size(),
                                  spec.table, columns.schema->primary_key.size()));
  }
  std::vector<std::uint32_t> match;
  for (std::size_t i = 0; i < spec.on.size(); ++i) {
    if (!by_name) {
      match.push_back(columns.schema->primary_key[i]);
      continue;
    }
    TAILRACE_ASSIGN(const std::uint32_t column, use(columns, path + ".on", spec.on[i].to));
    match.push_back(column);
  }
  TAILRACE_ASSIGN(const NodeId id, new_node(NodeKind::lookup, parent, spec.name, path));
  PlanNode& node = document_.nodes[id];
  store(columns, node);
  for (const std::uint32_t column : match) node.key.push_back(slot_of(node, column));
  const PlanNode& parent_node = document_.nodes[parent];
  for (const ColumnPair& pair : spec.on) {
    const auto at = std::find(parent_node.columns.begin(), parent_node.columns.end(), pair.from);
    node.parent_on.push_back(static_cast<Slot>(at - parent_node.columns.begin()));
  }
  node.when_changed = spec.when_changed;
  node.refresh_per_second = spec.refresh_per_second;
  place_lookup(node);
  register_lookup(id);
  return id;
}

void PlanBuilder::place_root(const DocumentSpec& spec) {
  document_.unique_across_shards = spec.unique_across_shards;
  document_.shard_in_key = spec.id.find("{shard}") != std::string::npos;
  document_.group = layout_.group_of(spec.root);
  const SourceGroup& group = layout_.groups[document_.group];
  if (group.shards.size() == 1) document_.only_shard = group.shards[0].name;
}

// Which of several shards of another group it would be nobody can tell: the loader refuses that.
void PlanBuilder::place_lookup(PlanNode& node) const {
  const std::size_t group = layout_.group_of(node.table);
  if (group == layout_.group_of(document_.nodes[node.parent].table)) return;
  node.only_source = layout_.groups[group].shards[0].index;
}

void PlanBuilder::register_lookup(NodeId id) {
  PlanNode& node = document_.nodes[id];
  auto at = std::find_if(plan_.lookups.begin(), plan_.lookups.end(),
                         [&](const LookupTable& known) { return known.table == node.table; });
  if (at == plan_.lookups.end()) {
    LookupTable& table = plan_.lookups.emplace_back();
    table.table = node.table;
    table.group = layout_.group_of(node.table);
    for (const SourceShard& shard : layout_.groups[table.group].shards) {
      table.sources.push_back(shard.index);
    }
    at = std::prev(plan_.lookups.end());
  }
  node.lookup_table = static_cast<std::uint16_t>(at - plan_.lookups.begin());
  for (std::size_t i = 0; i < node.columns.size(); ++i) {
    const auto place =
        std::lower_bound(at->table_columns.begin(), at->table_columns.end(), node.table_columns[i]);
    if (place != at->table_columns.end() && *place == node.table_columns[i]) continue;
    at->columns.insert(at->columns.begin() + (place - at->table_columns.begin()), node.columns[i]);
    at->table_columns.insert(place, node.table_columns[i]);
  }
}

// Lookup tables gather columns while documents are added; only now are their slots known.
void PlanBuilder::link_lookup(PlanNode& node) const {
  const LookupTable& table = plan_.lookups[node.lookup_table];
  node.table_slots.clear();
  for (const std::uint32_t column : node.table_columns) {
    const auto at = std::find(table.table_columns.begin(), table.table_columns.end(), column);
    node.table_slots.push_back(static_cast<Slot>(at - table.table_columns.begin()));
  }
}

Result<PipelinePlan> PlanBuilder::finish() && {
  for (DocumentPlan& document : plan_.documents) {
    for (PlanNode& node : document.nodes) {
      if (node.kind != NodeKind::lookup) continue;
      link_lookup(node);
      std::vector<Slot> key_set;
      for (const Slot slot : node.key) key_set.push_back(node.table_slots[slot]);
      auto& sets = plan_.lookups[node.lookup_table].key_sets;
      const auto at = std::find(sets.begin(), sets.end(), key_set);
      node.key_set = static_cast<std::uint16_t>(at - sets.begin());
      if (at == sets.end()) sets.push_back(key_set);
    }
  }
  for (DocumentPlan& document : plan_.documents)
    document.spec_hash = hash_of(document, plan_.lookups, layout_);
  return std::move(plan_);
}

}  // namespace tailrace::transform
