// The registry as the page docs/reference/pipeline.md: `tailrace schema --reference`.
// Threading: pure functions.
#pragma once

#include <string>
#include <vector>

#include "config/shape.hpp"

namespace tailrace::config {

// Markdown, with a final newline.
std::string reference_page();

// Every object of the language once, the file itself first, in the order of its keys.
std::vector<const Object*> all_objects();

// What a key holds, in words: "a size, 1KiB to 100MiB".
std::string describe(const Shape& shape);

}  // namespace tailrace::config
