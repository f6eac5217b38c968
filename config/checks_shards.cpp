#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/checks.hpp"
#include "config/text.hpp"

namespace tailrace::config {

std::vector<PlacedSource> sources_of(const PipelineDraft& draft) {
  if (draft.sources.empty()) return {{"source", &draft.source}};
  std::vector<PlacedSource> placed;
  for (const SourceDraft& source : draft.sources) {
    placed.push_back({"sources." + source.name, &source});
  }
  return placed;
}

namespace {

using transform::ChildSpec;
using transform::DocumentSpec;
using transform::LookupSpec;

constexpr std::size_t max_shards = 200;  // an index is one byte

struct Sources {
  Decoder& decoder;
  const PipelineDraft& draft;
  std::vector<PlacedSource> placed;

  // The source that holds `table`; nullptr: not declared, which is reported once.
  const SourceDraft* holding(const std::string& table) const {
    if (placed.size() == 1) return placed[0].source;
    for (const TableSpec& spec : draft.tables) {
      if (spec.name != table) continue;
      for (const PlacedSource& one : placed) {
        if (one.source->name == spec.source) return one.source;
      }
    }
    return nullptr;
  }
};

void check_shard_names(const Sources& sources) {
  std::map<std::string, std::string> paths;   // by shard
  std::map<std::string, std::string> shards;  // by address
  for (const PlacedSource& placed : sources.placed) {
    for (const ShardDraft& shard : placed.source->mysql.shards) {
      const std::string path = placed.path + ".mysql.shards." + shard.name;
      if (!paths.emplace(shard.name, path).second) {
        sources.decoder.error_at(
            path,
            {"E0213", fmt::format("'{}' is the name of another source's shard already", shard.name),
             "shards have names of their own across all sources"});
      }
      if (shard.address.host.empty()) continue;
      const std::string address =
          fmt::format("{}:{}/{}", shard.address.host, shard.address.port, shard.database);
      const auto [at, fresh] = shards.emplace(address, shard.name);
      if (fresh) continue;
      sources.decoder.error_at(
          path, {"E0213", fmt::format("{} is shard '{}' already", address, at->second),
                 "its rows would be read twice: remove one of the two"});
    }
  }
  if (paths.size() <= max_shards) return;
  sources.decoder.error_at(sources.placed[0].path + ".mysql.shards",
                           {"E0204", fmt::format("{} shards are too many", paths.size()),
                            fmt::format("at most {} in one pipeline", max_shards)});
}

void check_table_sources(const Sources& sources) {
  std::vector<std::string> names;
  for (const SourceDraft& source : sources.draft.sources) names.push_back(source.name);
  for (const TableSpec& table : sources.draft.tables) {
    if (table.source.empty()) continue;
    const std::string path = "tables." + table.name + ".source";
    if (names.empty()) {
      sources.decoder.error_at(path,
                               {"E0211", "'source' of a table has no meaning without 'sources'",
                                "remove it, or write sources instead of source"});
    } else if (std::find(names.begin(), names.end(), table.source) == names.end()) {
      const std::string near = nearest(table.source, names);
      sources.decoder.error_at(
          path, {"E0212", fmt::format("there is no source '{}'", table.source),
                 near.empty() ? fmt::format("write one of: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean '{}'?", near),
                 near});
    }
  }
}

// A table that is used, with the place that says so.
void check_declared(const Sources& sources, const std::string& table, const std::string& path) {
  if (table.empty() || sources.placed.size() == 1) return;
  const auto at = std::find_if(sources.draft.tables.begin(), sources.draft.tables.end(),
                               [&](const TableSpec& spec) { return spec.name == table; });
  if (at != sources.draft.tables.end() && !at->source.empty()) return;
  const bool written = at != sources.draft.tables.end();
  std::vector<std::string> names;
  for (const PlacedSource& placed : sources.placed) names.push_back(placed.source->name);
  sources.decoder.error_at(
      written ? "tables." + table : path,
      {"E0202", fmt::format("which source holds table '{}' is not said", table),
       fmt::format("write tables: {{ {}: {{ source: {} }} }}", table, fmt::join(names, " | "))});
}

void check_lookups(const Sources& sources, const std::vector<LookupSpec>& lookups,
                   const std::string& parent_table, const std::string& path) {
  for (const LookupSpec& lookup : lookups) {
    const std::string here = path + ".lookups." + lookup.name;
    check_declared(sources, lookup.table, here + ".table");
    const SourceDraft* const from = sources.holding(parent_table);
    const SourceDraft* const to = sources.holding(lookup.table);
    if (from != nullptr && to != nullptr && from != to && to->mysql.shards.size() > 1) {
      sources.decoder.error_at(
          here, {"E0222",
                 fmt::format("a row of '{}' does not tell which of the {} shards of '{}' holds its "
                             "'{}'",
                             parent_table, to->mysql.shards.size(), to->name, lookup.table),
                 "look up tables of the same source, or of a source with one shard"});
    }
    check_lookups(sources, lookup.lookups, lookup.table, here);
  }
}

bool has_shard(const DocumentSpec& document) {
  return document.id.find("{shard}") != std::string::npos;
}

void check_child(const Sources& sources, const DocumentSpec& document, const ChildSpec& child,
                 const std::string& path) {
  const std::string here = path + ".children." + child.name;
  check_declared(sources, child.table, here + ".table");
  const SourceDraft* const root = sources.holding(document.root);
  const SourceDraft* const own = sources.holding(child.table);
  const bool unknown = root != nullptr && own != nullptr && root != own && has_shard(document) &&
                       root->mysql.shards.size() > 1;
  if (unknown) {
    sources.decoder.error_at(
        here, {"E0222",
               fmt::format("a row of '{}' does not tell which of the {} shards of '{}' holds its "
                           "root",
                           child.table, root->mysql.shards.size(), root->name),
               "write unique_across_shards: true and an id without {shard}, if ids are unique"});
  }
  check_lookups(sources, child.lookups, child.table, here);
}

// Two values side by side: 1 and 12 read as 11 and 2.
bool has_neighbours(const std::string& id) {
  const std::size_t at = id.find("{shard}");
  if (at == std::string::npos) return false;
  const std::size_t end = at + std::string("{shard}").size();
  return (at > 0 && id[at - 1] == '}') || (end < id.size() && id[end] == '{');
}

void check_id(const Sources& sources, const DocumentSpec& document, const std::string& path) {
  if (document.id.empty()) return;
  const SourceDraft* const root = sources.holding(document.root);
  const std::size_t shards = root == nullptr ? 1 : root->mysql.shards.size();
  if (has_shard(document) && document.unique_across_shards) {
    sources.decoder.error_at(
        path + ".id", {"E0211", "{shard} in the id and unique_across_shards exclude each other",
                       "remove {shard} if ids are unique, else unique_across_shards"});
  } else if (!has_shard(document) && !document.unique_across_shards && shards > 1) {
    sources.decoder.error_at(
        path + ".id",
        {"E0221", fmt::format("the same id on two of the {} shards would be one document", shards),
         fmt::format("write id: \"{{shard}}-{}\", or, if no id is on two shards but to move, "
                     "unique_across_shards: true",
                     document.id)});
  } else if (has_neighbours(document.id)) {
    sources.decoder.error_at(path + ".id",
                             {"E0214", "{shard} and a column side by side: two rows may get one id",
                              "write something between them, for example \"{shard}-{id}\""});
  }
}

}  // namespace

void check_shards(Decoder& decoder, const PipelineDraft& draft) {
  if (!draft.sources.empty() && decoder.tree().find("source") != nullptr) {
    decoder.error_at("sources", {"E0211", "'source' and 'sources' exclude each other",
                                 "write all of them under sources"});
    return;
  }
  if (draft.sources.empty() && decoder.tree().find("sources") != nullptr) {
    decoder.error_at("sources", {"E0204", "'sources' is empty",
                                 "add shop: { mysql: { user, password, shards } }"});
    return;
  }
  const Sources sources{decoder, draft, sources_of(draft)};
  check_shard_names(sources);
  check_table_sources(sources);
  for (const DocumentSpec& document : draft.documents) {
    const std::string path = "documents." + document.name;
    check_declared(sources, document.root, path + ".root");
    check_id(sources, document, path);
    check_lookups(sources, document.lookups, document.root, path);
    for (const ChildSpec& child : document.children) check_child(sources, document, child, path);
  }
  if (!draft.events) return;
  for (std::size_t i = 0; i < draft.events->rules.size(); ++i) {
    check_declared(sources, draft.events->rules[i].table, fmt::format("events.rules[{}].table", i));
  }
}

}  // namespace tailrace::config
