// PlanBuilder: what is shown besides rows as they are: caps, flattened links, computed fields.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "transform/projection/cascades.hpp"
#include "transform/projection/plan_builder.hpp"
#include "transform/projection/plan_error.hpp"

namespace tailrace::transform {

Result<void> PlanBuilder::set_display(PlanNode& node, const ChildSpec& spec,
                                      const std::string& path) const {
  node.hidden = spec.hidden;
  if (spec.cap) {
    node.limit = spec.cap->rows;
    node.cap_flag = spec.cap->flag;
    node.cap_prefix = field_prefix(spec.cap->flag);
  }
  if (spec.flatten.empty()) return {};
  for (const NodeId lookup : node.lookups) {
    if (document_.nodes[lookup].name == spec.flatten) node.flatten = lookup;
  }
  if (node.flatten != 0) return {};
  return plan_error(path + ".flatten", fmt::format("there is no lookup '{}'", spec.flatten));
}

Result<void> PlanBuilder::read_computed(const DocumentSpec& spec, const std::string& path) {
  compute_.clear();
  for (const ComputeSpec& entry : spec.compute) {
    const std::string place = path + ".compute." + entry.name;
    auto text = parse_compute(entry.expression);
    if (!text) return plan_error(place, text.error().message);
    const bool known =
        std::any_of(spec.children.begin(), spec.children.end(),
                    [&](const ChildSpec& child) { return child.name == text->child; });
    if (!known) return plan_error(place, fmt::format("there is no child '{}'", text->child));
    compute_.push_back({entry.name, place, std::move(*text)});
  }
  return {};
}

Result<void> PlanBuilder::use_computed(Columns& columns, const std::string& child) const {
  for (const Compute& entry : compute_) {
    if (entry.text.child != child) continue;
    // Whether the columns fit is said once, with their types.
    const std::vector<std::uint16_t> anywhere(columns.schema->columns.size(), 0);
    TAILRACE_TRY(compile_computed(entry.text, entry.path, *columns.schema, anywhere));
    for (const ComputeStep& step : entry.text.steps) {
      if (step.kind == StepKind::column) TAILRACE_TRY(use(columns, entry.path, step.text));
    }
  }
  return {};
}

Result<void> PlanBuilder::add_computed(const std::string& path) {
  for (const Compute& entry : compute_) {
    const auto node =
        std::find_if(document_.nodes.begin(), document_.nodes.end(), [&](const PlanNode& known) {
          return known.kind == NodeKind::child && known.parent == 0 &&
                 known.name == entry.text.child;
        });
    TAILRACE_ASSIGN(const TableSchema* schema, table(path, node->table));
    std::vector<std::uint16_t> slots(schema->columns.size(), 0);
    for (std::size_t slot = 0; slot < node->table_columns.size(); ++slot) {
      slots[node->table_columns[slot]] = static_cast<std::uint16_t>(slot);
    }
    TAILRACE_ASSIGN(ComputedField field, compile_computed(entry.text, entry.path, *schema, slots));
    field.name = entry.name;
    field.prefix = field_prefix(entry.name);
    field.node = node->id;
    document_.computed.push_back(std::move(field));
  }
  return {};
}

// Of each child the rows that a declared foreign key takes along when the root is deleted. Not part
// of the hash: states fit whatever is declared.
void PlanBuilder::set_cascades(const DocumentSpec& spec) {
  for (PlanNode& node : document_.nodes) {
    if (node.kind != NodeKind::child || node.parent != 0) continue;
    std::vector<std::string> on;
    for (const Slot slot : node.root_key) on.push_back(node.columns[slot]);
    node.falls =
        std::any_of(spec.cascades.begin(), spec.cascades.end(), [&](const CascadeSpec& one) {
          return one.table == node.table && one.references == spec.root && same_columns(one.on, on);
        });
    document_.falls = document_.falls || node.falls;
  }
}

// A flag or a computed field must not bear the name of a column, a lookup or a child beside it.
Result<void> PlanBuilder::check_names(const std::string& path) const {
  std::set<std::string> shown;
  for (const OutputField& field : document_.nodes[0].fields) shown.insert(field.name);
  for (const NodeId lookup : document_.nodes[0].lookups) shown.insert(document_.nodes[lookup].name);
  for (const NodeId child : document_.children) {
    const PlanNode& node = document_.nodes[child];
    if (node.parent == 0 && !node.hidden) shown.insert(node.name);
  }
  const auto taken = [](const std::string& name) {
    return fmt::format("'{}' is the name of another field already", name);
  };
  for (const NodeId child : document_.children) {
    const PlanNode& node = document_.nodes[child];
    if (node.cap_flag.empty() || node.parent != 0 || shown.insert(node.cap_flag).second) continue;
    return plan_error(path + ".children." + node.name + ".cap.flag", taken(node.cap_flag));
  }
  for (const Compute& entry : compute_) {
    if (!shown.insert(entry.name).second) return plan_error(entry.path, taken(entry.name));
  }
  return {};
}

}  // namespace tailrace::transform
