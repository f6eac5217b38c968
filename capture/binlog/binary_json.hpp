// MySQL's stored JSON to compact JSON text: no spaces, numbers as the server prints them.
// Source of the format: MySQL sql-common/json_binary.h; of the texts: json_dom.cc, my_gcvt.
// Threading: free functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/arena.hpp"

namespace tailrace::capture {

// The text, in the arena; nullopt: not a well-formed document (offsets, sizes, nesting over 100,
// invalid UTF-8). An empty value is null: the server writes it for a NOT NULL column that got no
// value.
std::optional<std::string_view> binary_json_text(Arena& arena, std::string_view document);

// Doubles as the server prints them in JSON: 1.0, 1e20, 0.00001.
void append_server_double(std::string& out, double number);

}  // namespace tailrace::capture
