// Characters of a line as people count them, and names that look alike.
// Threading: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/nearest_name.hpp"

namespace tailrace::config {

// Byte offset of the first byte that is not UTF-8; npos: all of it is.
std::size_t find_invalid_utf8(std::string_view text);
// Characters (code points) of valid UTF-8.
int count_characters(std::string_view text);
// Cells on a terminal: CJK, Hangul and emoji take two.
int display_width(std::string_view text);
// The text of a line without control characters, so that a file cannot drive the terminal.
std::string printable(std::string_view line);
std::vector<std::string> split_lines(std::string_view text);

// The candidate that `word` most likely meant; empty: none is near.
inline std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  return nearest_name(word, candidates);
}

}  // namespace tailrace::config
