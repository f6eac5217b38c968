// MySQL's stored JSON to compact JSON text: no spaces, numbers as the server prints them.
// Source of the format: MySQL sql-common/json_binary.h; of the texts: json_dom.cc, my_gcvt.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::capture {

// False: not a well-formed document (offsets, sizes, nesting over 100, invalid UTF-8); `out` is
// then unfinished. An empty value is null: the server writes it for a NOT NULL column that got no
// value.
bool append_binary_json(std::string& out, std::string_view document);

// Doubles as the server prints them in JSON: 1.0, 1e20, 0.00001.
void append_server_double(std::string& out, double number);

}  // namespace tailrace::capture
