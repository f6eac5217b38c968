#include <fmt/format.h>

#include <map>

#include "config/checks.hpp"
#include "config/template_text.hpp"

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

// `depth`: 1 below the root.
void check_child(Level& level, const ChildSpec& child, std::size_t depth) {
  const std::string path = level.path + ".children." + child.name;
  level.show(child.name, "a child", path);
  if (depth > transform::max_levels) {
    return level.decoder.error_at(
        path, {"E0204", fmt::format("children go {} levels deep at most", transform::max_levels),
               "show these rows in a document of their own"});
  }
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
  }
}

}  // namespace tailrace::config
