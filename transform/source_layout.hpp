// The shards that a pipeline reads, and which of them hold which table. All shards of a group have
// the same tables; a table belongs to one group. A shard's index stands in the origin of every
// record and in every fragment's key, so it stays with the shard's name for ever
// (engine/control_records.hpp keeps it).
// Threading: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::transform {

struct SourceShard {
  std::string name;
  std::uint8_t index = 0;
};

struct SourceGroup {
  std::string name;  // of `sources`; empty: `source`, the only one
  std::vector<SourceShard> shards;
};

struct SourceLayout {
  std::vector<SourceGroup> groups = {{{}, {{}}}};          // one shard, index 0
  std::map<std::string, std::size_t, std::less<>> tables;  // group; a table not here: the first

  std::size_t group_of(std::string_view table) const {
    const auto at = tables.find(table);
    return at == tables.end() ? 0 : at->second;
  }
  std::vector<std::string> names_in_order() const {
    std::vector<std::string> names;
    for (const SourceGroup& group : groups) {
      for (const SourceShard& shard : group.shards) names.push_back(shard.name);
    }
    return names;
  }
  bool is_single(std::size_t group) const { return groups[group].shards.size() == 1; }
};

}  // namespace tailrace::transform
