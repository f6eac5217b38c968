// The registry as JSON Schema draft-07, for editors: `tailrace schema`.
// Threading: pure function.
#pragma once

#include <string>

namespace tailrace::config {

// Indented, with a final newline.
std::string json_schema();

}  // namespace tailrace::config
