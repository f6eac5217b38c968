// Names that look alike: what a misspelt one probably meant.
// Threading: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tailrace {

// The candidate that `word` most likely meant; empty: none is near.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

}  // namespace tailrace
