// ${NAME}, ${NAME:-default}, ${NAME:?why}, $$: once, at load, inside parsed scalars only, so that a
// value can never change the structure of the file. Keys are never touched, nor is {column}.
// Threading: pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/yaml_tree.hpp"

namespace tailrace::config {

// The value of an environment variable; nullopt: it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own.
Environment process_environment();

// A variable that is not set is an error where `required`, otherwise a warning; its scalar is then
// marked unresolved.
void substitute(Tree& tree, const Environment& environment, bool required,
                std::vector<Problem>& problems);

bool is_variable_name(std::string_view name);

}  // namespace tailrace::config
