// Valid JSON text without the white space between its tokens; numbers and strings stay as written.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::capture {

// False: `text` is not one valid JSON value (RFC 8259, UTF-8, nesting up to 100); `out` is then
// unfinished.
bool append_compact_json(std::string& out, std::string_view text);

}  // namespace tailrace::capture
