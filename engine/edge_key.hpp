// Keys of Family::edge: which root refers to which lookup row. (source) node key root; the source
// is left out where it is the first one.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "engine/lookup_view.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::engine {

inline constexpr char edge_with_source = '\xff';  // no node has this number

inline std::string edge_source(std::uint8_t source) {
  return source == 0 ? std::string() : std::string{edge_with_source, static_cast<char>(source)};
}

inline std::string edge_prefix(transform::NodeId node, std::uint8_t source, std::string_view key) {
  std::string prefix = edge_source(source);
  prefix.push_back(static_cast<char>(node));
  append_sized(prefix, key);
  return prefix;
}

// Of the references of `node` that a change concerns.
inline std::string edge_prefix(transform::NodeId node, const LookupChangeSeen& change) {
  if (!change.every_key) return edge_prefix(node, change.source, change.key);
  std::string prefix = edge_source(change.source);
  prefix.push_back(static_cast<char>(node));
  return prefix;
}

}  // namespace tailrace::engine
