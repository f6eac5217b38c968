// UTF-8: validation and writing of single characters.
// Threading: free functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tailrace::capture {

inline constexpr std::uint32_t replacement_character = 0xfffd;

// Length of the prefix that is ASCII, in steps of eight bytes and then one.
inline std::size_t ascii_prefix(const char* at, std::size_t size) {
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, at + i, 8);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  while (i < size && static_cast<signed char>(at[i]) >= 0) ++i;
  return i;
}

// Bytes of the valid character at `at`, 0 if there is none: no surrogates, no overlong forms,
// nothing over U+10FFFF.
std::size_t utf8_character(const char* at, std::size_t size);

// Writes 1 to 4 bytes; `code` must be a scalar value.
inline char* write_utf8(char* out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
  return out;
}

}  // namespace tailrace::capture
