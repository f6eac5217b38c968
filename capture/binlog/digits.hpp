// Decimal digits, two at a time.
// Threading: free functions.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace tailrace::capture {

inline constexpr std::array<char, 200> digit_pairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// `value` < 100.
inline char* write_two(char* out, std::uint32_t value) {
  std::memcpy(out, &digit_pairs[value * 2], 2);
  return out + 2;
}

// Exactly `count` <= 9 digits, with leading zeros.
inline char* write_digits(char* out, std::uint32_t value, unsigned count) {
  char* const end = out + count;
  char* at = end;
  for (; count >= 2; count -= 2, value /= 100) {
    at -= 2;
    std::memcpy(at, &digit_pairs[value % 100 * 2], 2);
  }
  if (count == 1) *--at = static_cast<char>('0' + value % 10);
  return end;
}

// Exactly eight digits of `value` < 10^8, all at once: halves, then quarters, then digits in the
// lanes of one word.
inline char* write_eight(char* out, std::uint32_t value) {
  const std::uint32_t high = value / 10'000;
  const std::uint64_t halves = high | std::uint64_t{value - high * 10'000} << 32;
  const std::uint64_t hundreds = halves * 10'486 >> 20 & 0x0000'007f'0000'007f;
  const std::uint64_t pairs = (halves - 100 * hundreds) << 16 | hundreds;
  const std::uint64_t tens = pairs * 103 >> 10 & 0x000f'000f'000f'000f;
  const std::uint64_t digits = (pairs - 10 * tens) << 8 | tens;
  const std::uint64_t text = digits | 0x3030'3030'3030'3030;
  std::memcpy(out, &text, 8);
  return out + 8;
}

}  // namespace tailrace::capture
