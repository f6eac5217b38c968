#include "transform/projection/renderer.hpp"

#include <algorithm>

#include "core/json_writer.hpp"

namespace tailrace::transform {

namespace {

bool earlier(const std::vector<SortKey>& sort, const RowView& a, const RowView& b) {
  for (const SortKey& key : sort) {
    const auto order = compare(a[key.slot], b[key.slot]);
    if (order != 0) return key.descending ? order > 0 : order < 0;
  }
  return false;
}

}  // namespace

Renderer::Renderer(const DocumentPlan& plan, std::vector<std::string> sources,
                   std::uint16_t generation)
    : plan_(plan),
      sources_(std::move(sources)),
      generation_(generation),
      id_(plan.id_template, plan.key_columns) {}

std::optional<DocumentWrite> Renderer::render(std::string_view root_key, const RootState& state) {
  const Fragment* root = state.root();
  if (root == nullptr) return std::nullopt;
  DocumentWrite write;
  write.id = id_.of(root_key);
  write.version = Version(generation_, state.last());
  write.deleted = root->gone;
  std::string& out = write.body;
  out.reserve(256);
  out.push_back('{');
  if (!root->gone) {
    const Row row{RowView(root->values), root->source()};
    append_object(out, plan_.nodes[0], row, state);
    for (const NodeId child : plan_.children) append_children(out, plan_.nodes[child], state);
    append_computed(out, state);
    if (out.size() > 1) out.push_back(',');
  }
  append_meta(out, state, write.version, root->gone);
  out.push_back('}');
  return write;
}

DocumentWrite Renderer::stub(std::string id) const {
  DocumentWrite write;
  write.id = std::move(id);
  write.version = Version(generation_, RootState::never);
  write.deleted = true;
  write.body.push_back('{');
  append_meta(write.body, RootState{}, write.version, true);
  write.body.push_back('}');
  return write;
}

// Fields, then lookups, each with a leading comma except right behind the brace.
void Renderer::append_object(std::string& out, const PlanNode& node, const Row& row,
                             const RootState& state) {
  for (const OutputField& field : node.fields) {
    if (out.back() != '{') out.push_back(',');
    out += field.prefix;
    append_json_value(out, row.view[field.slot]);
  }
  for (const NodeId id : node.lookups) append_lookup(out, plan_.nodes[id], row, state);
}

const Fragment* Renderer::target_of(const PlanNode& node, const Row& parent,
                                    const RootState& state) {
  std::string key;
  if (!parent.view.key(node.parent_on, key)) return nullptr;
  const Fragment* const value = state.find(node.id, node.source_for(parent.source), key);
  return value == nullptr || value->gone ? nullptr : value;
}

void Renderer::append_lookup(std::string& out, const PlanNode& node, const Row& parent,
                             const RootState& state) {
  if (out.back() != '{') out.push_back(',');
  out += node.prefix;
  const Fragment* const value = target_of(node, parent, state);
  if (value == nullptr) {
    out += "null";
    return;
  }
  out.push_back('{');
  append_object(out, node, {RowView(value->values), value->source()}, state);
  out.push_back('}');
}

void Renderer::append_children(std::string& out, const PlanNode& node, const RootState& state) {
  if (node.hidden) return;
  std::vector<Row> rows;
  for (const Fragment& fragment : state.fragments_of(node.id)) {
    if (!fragment.gone) rows.push_back({RowView(fragment.values), fragment.source()});
  }
  std::vector<const Row*> order;
  order.reserve(rows.size());
  for (const Row& row : rows) {
    if (is_shown(node, row, state)) order.push_back(&row);
  }
  // Equal ones, of two sources, stay in the order of the sources.
  std::stable_sort(order.begin(), order.end(), [&](const Row* a, const Row* b) {
    return earlier(node.sort, a->view, b->view);
  });
  if (!node.cap_flag.empty()) {
    if (out.back() != '{') out.push_back(',');
    out += node.cap_prefix;
    out += order.size() > node.limit ? "true" : "false";
  }
  if (out.back() != '{') out.push_back(',');
  out += node.prefix;
  if (node.one) {
    if (order.size() > 1) ++surplus_ones_;
    if (order.empty()) {
      out += "null";
      return;
    }
    append_row(out, node, *order[0], state);
    return;
  }
  if (node.limit != 0 && order.size() > node.limit) order.resize(node.limit);
  out.push_back('[');
  for (const Row* row : order) {
    if (out.back() != '[') out.push_back(',');
    append_row(out, node, *row, state);
  }
  out.push_back(']');
}

// Of a flattened child, only rows whose target is there.
bool Renderer::is_shown(const PlanNode& node, const Row& row, const RootState& state) const {
  return node.flatten == 0 || target_of(plan_.nodes[node.flatten], row, state) != nullptr;
}

// The object of one row of a child.
void Renderer::append_row(std::string& out, const PlanNode& node, const Row& row,
                          const RootState& state) {
  out.push_back('{');
  if (node.flatten == 0) {
    append_object(out, node, row, state);
  } else {
    const PlanNode& lookup = plan_.nodes[node.flatten];
    const Fragment& target = *target_of(lookup, row, state);
    append_object(out, lookup, {RowView(target.values), target.source()}, state);
  }
  out.push_back('}');
}

// Over every row that exists, shown or not. Fields of one child read its rows once.
void Renderer::append_computed(std::string& out, const RootState& state) {
  std::vector<Computation> computations(plan_.computed.begin(), plan_.computed.end());
  for (const NodeId child : plan_.children) {
    const auto concerns = [&](const ComputedField& field) { return field.node == child; };
    if (std::none_of(plan_.computed.begin(), plan_.computed.end(), concerns)) continue;
    for (const Fragment& fragment : state.fragments_of(child)) {
      if (fragment.gone) continue;
      const RowView row(fragment.values);
      for (std::size_t i = 0; i < computations.size(); ++i) {
        if (concerns(plan_.computed[i])) computations[i].add(row);
      }
    }
  }
  for (std::size_t i = 0; i < computations.size(); ++i) {
    if (out.back() != '{') out.push_back(',');
    out += plan_.computed[i].prefix;
    computations[i].append_to(out);
  }
}

void Renderer::append_meta(std::string& out, const RootState& state, Version version,
                           bool deleted) const {
  out += "\"_tailrace\":{\"version\":";
  append_number(out, version.number());
  if (deleted) out += ",\"deleted\":true";
  out += ",\"committed_at\":";
  if (state.committed_at_us() == 0) {
    out += "null";
  } else {
    out.push_back('"');
    append_utc_time(out, state.committed_at_us());
    out.push_back('"');
  }
  out += ",\"source\":{";
  for (const SourceMark& mark : state.marks()) {
    if (out.back() != '{') out.push_back(',');
    append_json_string(out, mark.source < sources_.size() ? sources_[mark.source] : "?");
    out += ":{\"gtid\":";
    if (mark.gtid.empty()) {
      out += "null";
    } else {
      append_json_string(out, mark.gtid);
    }
    out += ",\"seq\":";
    append_number(out, mark.seq);
    out.push_back('}');
  }
  out += "}}";
}

}  // namespace tailrace::transform
