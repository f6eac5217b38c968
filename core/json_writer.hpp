// JSON text straight into a string: no tree, no allocation beyond the string's own.
// Threading: free functions on the caller's string.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/value.hpp"

namespace tailrace {

// Appends `text` with quotes and escapes; text must be valid UTF-8.
void append_json_string(std::string& out, std::string_view text);
// Appends the value as pipeline.md's table of value rules says. Absent and impossible dates: null.
void append_json_value(std::string& out, const Value& value);
void append_base64(std::string& out, std::string_view bytes);
// Appends the bytes of padded base64 text; false (and nothing useful appended) if it is not that.
bool decode_base64(std::string_view text, std::string& out);
void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, std::uint64_t number);
// "2026-11-20T03:00:00.123456Z" from microseconds since 1970.
void append_utc_time(std::string& out, std::int64_t us);

// Key bytes of a row, root or reference: the canonical JSON text of each value, length-prefixed.
// Values that are equal in SQL and in JSON text give equal bytes, whatever integer type holds them.
void append_key_part(std::string& out, const Value& value);
// Inverse, for people: the parts' JSON texts; strings keep their quotes.
std::vector<std::string_view> split_key(std::string_view key);

}  // namespace tailrace
