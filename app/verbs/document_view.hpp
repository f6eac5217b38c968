// Documents as `get` and `search` show them. The texts are valid JSON, as every sink keeps it.
// Threading: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tailrace::app {

// Indented by two, a member a line; numbers and texts as they stand, but for control characters
// that a terminal would obey: those become escapes, which are the same JSON.
std::string pretty_json(std::string_view json);
// Without white space between tokens: one line.
std::string compact_json(std::string_view json);
// "status PAID · total 10.00 · items [2]": the fields of the top level up to about `width`
// characters, without `_tailrace` and without a field that repeats the id.
std::string summary_line(std::string_view id, std::string_view json, std::size_t width);

}  // namespace tailrace::app
