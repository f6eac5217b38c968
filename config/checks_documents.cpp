#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/checks.hpp"
#include "config/template_text.hpp"
#include "config/text.hpp"
#include "transform/projection/compute_text.hpp"

namespace tailrace::config {
namespace {

using transform::ChildSpec;
using transform::ColumnPair;
using transform::DocumentSpec;
using transform::FieldSpec;
using transform::LookupSpec;

// One level of a document: a table, what it shows and what hangs on it.
struct Level {
  Decoder& decoder;
  const PipelineDraft& draft;
  std::string path;
  std::string table;
  std::map<std::string, std::string> shown;  // field name → what it is

  void used(const std::string& column, const std::string& key) const {
    check_not_excluded(decoder, draft, table, column, path + "." + key);
  }
  void show(const std::string& name, const std::string& what, const std::string& place) {
    if (name.empty()) return;
    const auto [at, fresh] = shown.emplace(name, what);
    if (!fresh) {
      decoder.error_at(place,
                       {"E0213", fmt::format("'{}' is the name of {} already", name, at->second),
                        "rename one of the two"});
    }
  }
};

void check_fields(Level& level, const std::optional<std::vector<FieldSpec>>& fields) {
  if (!fields) return;
  for (const FieldSpec& field : *fields) {
    if (!field.name.empty()) level.shown.emplace(field.name, "a field");
    level.used(field.column, "fields");
  }
}

void check_lookups(Level& level, const std::vector<LookupSpec>& lookups) {
  for (const LookupSpec& lookup : lookups) {
    const std::string path = level.path + ".lookups." + lookup.name;
    level.show(lookup.name, "a lookup", path);
    Level inner{level.decoder, level.draft, path, lookup.table, {}};
    for (const ColumnPair& pair : lookup.on) {
      check_not_excluded(level.decoder, level.draft, level.table, pair.from, path + ".on");
      inner.used(pair.to, "on");
    }
    check_fields(inner, lookup.fields);
    check_lookups(inner, lookup.lookups);
  }
}

void check_flatten(Decoder& decoder, const ChildSpec& child, const std::string& path) {
  if (child.flatten.empty()) return;
  std::vector<std::string> names;
  for (const LookupSpec& lookup : child.lookups) names.push_back(lookup.name);
  if (std::find(names.begin(), names.end(), child.flatten) == names.end()) {
    const std::string near = nearest(child.flatten, names);
    return decoder.error_at(
        path + ".flatten",
        {"E0212", fmt::format("there is no lookup '{}' in this child", child.flatten),
         near.empty() ? "name one of its lookups" : fmt::format("did you mean '{}'?", near), near});
  }
  for (const std::string& name : names) {
    if (name == child.flatten) continue;
    decoder.error_at(
        path + ".lookups." + name,
        {"E0211",
         fmt::format("lookup '{}' is never shown: rows are shown as '{}'", name, child.flatten),
         "remove it, or put it below the other's lookups"});
  }
  if (!child.fields) return;
  decoder.error_at(
      path + ".fields",
      {"E0211",
       fmt::format("'fields' of links are never shown: rows are shown as '{}'", child.flatten),
       "remove it, or put it into that lookup"});
}

// Rows below rows that are not shown themselves.
void check_below(Decoder& decoder, const ChildSpec& child, const std::string& path) {
  if (child.children.empty() || (!child.hidden && child.flatten.empty())) return;
  decoder.error_at(path + ".children",
                   {"E0211",
                    child.hidden ? "'hidden: true' shows no row, and none below"
                                 : "'flatten' shows another row, without what is below this one",
                    "remove one of the two"});
}

void check_cap(Level& level, const ChildSpec& child, const std::string& path) {
  if (!child.cap) return;
  level.show(child.cap->flag, "a cap's flag", path + ".cap.flag");
  const auto refuse = [&](const std::string& key, const std::string& why) {
    level.decoder.error_at(path + "." + key, {"E0211", why, "remove one of the two"});
  };
  if (child.limit > 0)
    refuse("limit", "'cap' cuts already, and tells of it: 'limit' is one too many");
  if (child.one) refuse("cap", "'one: true' shows at most one row: 'cap' has no meaning");
  if (child.hidden) refuse("cap", "'hidden: true' shows no row: 'cap' has no meaning");
}

// `depth`: 1 below the root.
void check_child(Level& level, const ChildSpec& child, std::size_t depth) {
  const std::string path = level.path + ".children." + child.name;
  if (depth > transform::max_levels) {
    return level.decoder.error_at(
        path, {"E0204", fmt::format("children go {} levels deep at most", transform::max_levels),
               "show these rows in a document of their own"});
  }
  check_cap(level, child, path);
  if (!child.hidden) level.show(child.name, "a child", path);
  check_flatten(level.decoder, child, path);
  check_below(level.decoder, child, path);
  Level inner{level.decoder, level.draft, path, child.table, {}};
  for (const std::string& column : child.on) inner.used(column, "on");
  for (const transform::SortSpec& sort : child.sort) inner.used(sort.column, "sort");
  check_fields(inner, child.fields);
  check_lookups(inner, child.lookups);
  for (const ChildSpec& below : child.children) check_child(inner, below, depth + 1);
  if (child.one && child.limit > 0) {
    level.decoder.error_at(path + ".limit",
                           {"E0211", "'one: true' shows at most one row: 'limit' has no meaning",
                            "remove one of the two"});
  }
}

// The place of one name inside a computed field.
void refuse_name(Decoder& decoder, const std::string& path, std::size_t at, std::size_t length,
                 Report report) {
  const Node* node = decoder.tree().find(path);
  if (node != nullptr) decoder.error_within(*node, at, length, std::move(report));
}

void check_compute(Level& level, const DocumentSpec& document) {
  for (const transform::ComputeSpec& entry : document.compute) {
    const std::string path = level.path + ".compute." + entry.name;
    level.show(entry.name, "a computed field", path);
    const auto text = transform::parse_compute(entry.expression);
    if (!text) continue;  // said already
    std::vector<std::string> names;
    const ChildSpec* used = nullptr;
    for (const ChildSpec& child : document.children) {
      names.push_back(child.name);
      if (child.name == text->child) used = &child;
    }
    if (used == nullptr) {
      const std::string near = nearest(text->child, names);
      refuse_name(
          level.decoder, path, text->child_at, text->child_length,
          {"E0212", fmt::format("document '{}' has no child '{}'", document.name, text->child),
           near.empty() ? "name one of its children" : fmt::format("did you mean '{}'?", near),
           near});
      continue;
    }
    const Level inner{level.decoder, level.draft, level.path, used->table, {}};
    for (const transform::ComputeStep& step : text->steps) {
      if (step.kind == transform::StepKind::column) inner.used(step.text, "compute." + entry.name);
    }
  }
}

void check_id(Level& level, const DocumentSpec& document) {
  if (document.id.empty()) return;
  const TemplateText id = parse_template(document.id);
  bool column = false;
  for (const std::string& placeholder : id.placeholders) {
    column = column || placeholder != "shard";
    level.used(placeholder, "id");
  }
  if (column) return;
  level.decoder.error_at(level.path + ".id",
                         {"E0214", "every document would have the same id",
                          "name the primary-key columns, for example \"{id}\""});
}

}  // namespace

void check_documents(Decoder& decoder, const PipelineDraft& draft) {
  for (const DocumentSpec& document : draft.documents) {
    Level level{decoder, draft, "documents." + document.name, document.root, {}};
    check_id(level, document);
    check_fields(level, document.fields);
    check_lookups(level, document.lookups);
    for (const ChildSpec& child : document.children) check_child(level, child, 1);
    check_compute(level, document);
  }
}

}  // namespace tailrace::config
