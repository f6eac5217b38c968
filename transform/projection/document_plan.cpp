#include "transform/projection/document_plan.hpp"

#include <algorithm>
#include <set>

#include "core/json_writer.hpp"
#include "transform/projection/plan_builder.hpp"

namespace tailrace::transform {

namespace {

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void collect_lookups(const std::vector<LookupSpec>& lookups, std::vector<std::string>& names) {
  for (const LookupSpec& lookup : lookups) {
    add_once(names, lookup.table);
    collect_lookups(lookup.lookups, names);
  }
}

void collect_lookups(const std::vector<ChildSpec>& children, std::vector<std::string>& names) {
  for (const ChildSpec& child : children) {
    collect_lookups(child.lookups, names);
    collect_lookups(child.children, names);
  }
}

void collect_tables(const std::vector<ChildSpec>& children, std::vector<std::string>& names) {
  for (const ChildSpec& child : children) {
    add_once(names, child.table);
    collect_tables(child.children, names);
  }
}

std::vector<std::string> lookup_tables(std::span<const DocumentSpec> documents) {
  std::vector<std::string> names;
  for (const DocumentSpec& document : documents) {
    collect_lookups(document.lookups, names);
    collect_lookups(document.children, names);
  }
  return names;
}

}  // namespace

std::vector<std::string> referenced_tables(std::span<const DocumentSpec> documents) {
  std::vector<std::string> names = lookup_tables(documents);
  for (const DocumentSpec& document : documents) {
    add_once(names, document.root);
    collect_tables(document.children, names);
  }
  return names;
}

bool is_lookup_table(std::span<const DocumentSpec> documents, std::string_view table) {
  const auto names = lookup_tables(documents);
  return std::find(names.begin(), names.end(), table) != names.end();
}

std::vector<std::string> PipelinePlan::tables() const {
  std::vector<std::string> names;
  for (const LookupTable& lookup : lookups) add_once(names, lookup.table);
  for (const DocumentPlan& document : documents) {
    for (const PlanNode& node : document.nodes) add_once(names, node.table);
  }
  return names;
}

std::vector<std::string> PipelinePlan::used_columns(std::string_view table) const {
  std::set<std::pair<std::uint32_t, std::string>> used;
  const auto add = [&](const auto& from) {
    if (from.table != table) return;
    for (std::size_t i = 0; i < from.columns.size(); ++i) {
      used.emplace(from.table_columns[i], from.columns[i]);
    }
  };
  for (const LookupTable& lookup : lookups) add(lookup);
  for (const DocumentPlan& document : documents) {
    for (const PlanNode& node : document.nodes) add(node);
  }
  std::vector<std::string> names;
  for (const auto& [index, name] : used) names.push_back(name);
  return names;
}

bool DocumentPlan::holds_rows_of(std::string_view table) const {
  return std::any_of(nodes.begin(), nodes.end(), [&](const PlanNode& node) {
    return node.kind != NodeKind::lookup && node.table == table;
  });
}

std::string DocumentPlan::key_prefix(std::string_view shard, std::size_t of_group) const {
  std::string prefix;
  if (shard_in_key) append_key_part(prefix, Value::string(of_group == group ? shard : only_shard));
  return prefix;
}

Result<PipelinePlan> compile_plan(std::span<const DocumentSpec> documents,
                                  std::span<const TableSchema> tables, const SourceLayout& layout) {
  PlanBuilder builder(tables, layout);
  for (const DocumentSpec& document : documents) TAILRACE_TRY(builder.add(document));
  return std::move(builder).finish();
}

}  // namespace tailrace::transform
