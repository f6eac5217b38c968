// The words of a document: every string value of its JSON text, without building a tree.
// Threading: a free function on the caller's string.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::sinks {

// Rises when the same document gives another text; an index made by another version is rebuilt.
inline constexpr int document_text_format = 1;

// Appends the string values in order, unescaped, each followed by a newline. Names of fields,
// numbers and the top-level `_tailrace` are left out. False: not one whole JSON object (brackets
// and strings are checked, numbers and commas are not); `out` then holds a part.
bool append_document_text(std::string& out, std::string_view json);

}  // namespace tailrace::sinks
