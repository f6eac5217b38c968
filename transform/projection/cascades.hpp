// Foreign keys whose cascades the server keeps out of its binlog (engine.md §4): where documents
// can follow them, and where they cannot.
// Threading: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transform/document_spec.hpp"

namespace tailrace::transform {

// Whether `columns` name the same columns, in whatever order.
bool same_columns(std::vector<std::string> a, std::vector<std::string> b);

// The rows of a child go with their root: the only cascade that a projector can tell from what it
// has. nullopt: every place of the table in the documents is such a child. Else the first that is
// not, for people: "document 'order' shows it as lookup 'coupon'".
std::optional<std::string> cannot_follow(std::span<const DocumentSpec> documents,
                                         const CascadeSpec& cascade);

// The foreign keys of `table` that could be followed: each a child's `on` and its root.
std::vector<CascadeSpec> followable(std::span<const DocumentSpec> documents,
                                    std::string_view table);

}  // namespace tailrace::transform
