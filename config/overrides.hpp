// --set a.b.c=value, laid over the parsed file before anything is decoded.
// Threading: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/yaml_tree.hpp"

namespace tailrace::config {

// A value that starts with { [ " or ' is read as YAML; any other is the text itself; nothing is
// null.
void apply_overrides(Tree& tree, std::span<const std::string> overrides, const TreeLimits& limits,
                     std::vector<Problem>& problems);

}  // namespace tailrace::config
