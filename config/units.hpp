// Numbers as people write them in the file: "8MiB", "200ms", "5000/s"; never a bare number.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tailrace::config {

struct UnitError {
  std::string message;  // what is wrong, after "'batch.bytes' "
  std::string suggestion;
  std::string fix;  // empty: none known
};

template <class T>
struct Parsed {
  std::optional<T> value;
  UnitError error;  // when there is no value
};

// Plain decimal digits with an optional minus: no 010, 0x10, 1_000, 1e3.
Parsed<std::int64_t> parse_integer(std::string_view text);
// Bytes: B, KiB, MiB, GiB, KB, MB, GB.
Parsed<std::int64_t> parse_bytes(std::string_view text);
// Milliseconds: ms, s, m, h.
Parsed<std::int64_t> parse_duration_ms(std::string_view text);
// Per second: /s, /min, /h.
Parsed<double> parse_rate(std::string_view text);

std::string bytes_text(std::int64_t bytes);
std::string duration_text(std::int64_t ms);

}  // namespace tailrace::config
