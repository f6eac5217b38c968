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
    forget_gathered();
    const Row row{root, RowView(root->values), {}};
    append_object(out, plan_.nodes[0], row, state);
    for (const NodeId child : plan_.children) append_children(out, plan_.nodes[child], {}, state);
    append_computed(out, state);
    if (out.size() > 1) out.push_back(',');
  }
  append_meta(out, state, write.version, root->gone);
  out.push_back('}');
  return write;
}

// What the document before needed, and not its memory.
void Renderer::forget_gathered() {
  gathered_.resize(plan_.nodes.size());
  for (Gathered& gathered : gathered_) {
    gathered.done = false;
    gathered.rows.clear();
    gathered.order.clear();
  }
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
  const std::uint8_t source = node.source_for(parent.fragment->source());
  const Fragment* const value = state.find(node.id, source, key);
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
  append_object(out, node, Row{value, RowView(value->values), {}}, state);
  out.push_back('}');
}

// Each row is looked at once, however many parents there are.
const Renderer::Gathered& Renderer::gather(const PlanNode& node, const RootState& state) {
  Gathered& found = gathered_[node.id];
  if (found.done) return found;
  found.done = true;
  for (const Fragment& fragment : state.fragments_of(node.id)) {
    if (fragment.gone) continue;
    Row row{&fragment, RowView(fragment.values), {}};
    if (node.flatten != 0) {
      row.target = target_of(plan_.nodes[node.flatten], row, state);
      if (row.target == nullptr) continue;  // shown when its target comes
    }
    if (node.deep()) {
      row.parent.push_back(static_cast<char>(fragment.source()));
      row.view.key(node.parent_key, row.parent);
    }
    found.rows.push_back(std::move(row));
  }
  found.order.reserve(found.rows.size());
  for (const Row& row : found.rows) found.order.push_back(&row);
  // Equal ones, of two sources, stay in the order of the sources.
  std::stable_sort(found.order.begin(), found.order.end(), [&](const Row* a, const Row* b) {
    if (const int order = a->parent.compare(b->parent); order != 0) return order < 0;
    return earlier(node.sort, a->view, b->view);
  });
  return found;
}

void Renderer::append_children(std::string& out, const PlanNode& node, std::string_view parent,
                               const RootState& state) {
  if (node.hidden) return;
  const Gathered& all = gather(node, state);
  const auto first = std::lower_bound(
      all.order.begin(), all.order.end(), parent,
      [](const Row* row, std::string_view wanted) { return row->parent < wanted; });
  auto last = first;
  while (last != all.order.end() && (*last)->parent == parent) ++last;
  const auto count = static_cast<std::uint64_t>(last - first);
  const bool cut = node.limit != 0 && count > node.limit;
  if (!node.cap_flag.empty()) {
    if (out.back() != '{') out.push_back(',');
    out += node.cap_prefix;
    out += cut ? "true" : "false";
  }
  if (out.back() != '{') out.push_back(',');
  out += node.prefix;
  if (node.one) {
    if (count > 1) ++surplus_ones_;
    if (first == last) {
      out += "null";
      return;
    }
    append_row(out, node, **first, state);
    return;
  }
  if (cut) last = first + static_cast<std::ptrdiff_t>(node.limit);
  out.push_back('[');
  for (auto row = first; row != last; ++row) {
    if (row != first) out.push_back(',');
    append_row(out, node, **row, state);
  }
  out.push_back(']');
}

// The object of one row of a child.
void Renderer::append_row(std::string& out, const PlanNode& node, const Row& row,
                          const RootState& state) {
  out.push_back('{');
  if (node.flatten == 0) {
    append_object(out, node, row, state);
  } else {
    const Row target{row.target, RowView(row.target->values), {}};
    append_object(out, plan_.nodes[node.flatten], target, state);
  }
  if (!node.children.empty()) {
    const std::string parent = row.fragment->key.substr(1);  // source, key bytes
    for (const NodeId child : node.children) {
      append_children(out, plan_.nodes[child], parent, state);
    }
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
