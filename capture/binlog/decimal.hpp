// DECIMAL's packed form: groups of nine digits in four bytes, big-endian, the sign in the top bit.
// Source: MySQL strings/decimal.cc, bin2decimal.
// Threading: free functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tailrace::capture {

inline constexpr std::size_t longest_decimal_text = 90;  // sign, 65 digits, zero, dot: 68

// Bytes of DECIMAL(precision, scale); 0 when there is no such type.
std::size_t decimal_bytes(unsigned precision, unsigned scale);

// Writes the text with all `scale` fraction digits, "-0.50"; null if the bytes are no decimal.
// `bytes` has decimal_bytes() bytes, `out` has room for longest_decimal_text.
char* write_decimal(char* out, std::string_view bytes, unsigned precision, unsigned scale);

}  // namespace tailrace::capture
