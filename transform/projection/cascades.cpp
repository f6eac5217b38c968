#include "transform/projection/cascades.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tailrace::transform {

namespace {

std::optional<std::string> shown_as_lookup(const DocumentSpec& document,
                                           const std::vector<LookupSpec>& lookups,
                                           std::string_view table) {
  for (const LookupSpec& lookup : lookups) {
    if (lookup.table == table)
      return fmt::format("document '{}' shows it as lookup '{}'", document.name, lookup.name);
    if (auto below = shown_as_lookup(document, lookup.lookups, table)) return below;
  }
  return std::nullopt;
}

std::optional<std::string> place_in(const DocumentSpec& document, const CascadeSpec& cascade) {
  if (document.root == cascade.table)
    return fmt::format("it is the root of document '{}'", document.name);
  if (auto lookup = shown_as_lookup(document, document.lookups, cascade.table)) return lookup;
  for (const ChildSpec& child : document.children) {
    if (auto lookup = shown_as_lookup(document, child.lookups, cascade.table)) return lookup;
    const bool follows = document.root == cascade.references && same_columns(child.on, cascade.on);
    if (child.table == cascade.table && !follows) {
      return fmt::format("child '{}' of document '{}' hangs on another key", child.name,
                         document.name);
    }
  }
  return std::nullopt;
}

}  // namespace

bool same_columns(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

std::optional<std::string> cannot_follow(std::span<const DocumentSpec> documents,
                                         const CascadeSpec& cascade) {
  bool anywhere = false;
  for (const DocumentSpec& document : documents) {
    if (auto place = place_in(document, cascade)) return place;
    for (const ChildSpec& child : document.children)
      anywhere = anywhere || child.table == cascade.table;
  }
  if (anywhere) return std::nullopt;
  return "no document has it as a child";
}

std::vector<CascadeSpec> followable(std::span<const DocumentSpec> documents,
                                    std::string_view table) {
  std::vector<CascadeSpec> out;
  for (const DocumentSpec& document : documents) {
    for (const ChildSpec& child : document.children) {
      if (child.table != table) continue;
      const CascadeSpec cascade{child.table, child.on, document.root, false};
      if (!cannot_follow(documents, cascade)) out.push_back(cascade);
    }
  }
  return out;
}

}  // namespace tailrace::transform
