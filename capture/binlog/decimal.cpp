#include "capture/binlog/decimal.hpp"

#include <algorithm>
#include <cstring>

#include "capture/binlog/digits.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr unsigned group_digits = 9;
constexpr std::size_t bytes_of_digits[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr std::uint32_t limits[] = {1,       10,        100,        1'000,        10'000,
                                    100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
constexpr unsigned most_digits = 65;

struct DigitReader {
  const char* at;
  std::uint32_t mask;  // all ones in a negative number
  char* out;
  bool ok = true;
  bool zero = true;

  void group(unsigned digits) {
    const std::size_t size = bytes_of_digits[digits];
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | ((static_cast<std::uint8_t>(at[i]) ^ mask) & 0xff);
    }
    at += size;
    ok = ok && value < limits[digits];
    zero = zero && value == 0;
    out = write_digits(out, value, digits);
  }
  void full_group() {
    const std::uint32_t value = __builtin_bswap32(load<std::uint32_t>(at)) ^ (mask * 0x01010101u);
    at += 4;
    ok = ok && value < limits[group_digits];
    zero = zero && value == 0;
    // Two chains of divisions that do not wait for each other.
    const std::uint32_t high = value / 10'000;
    write_digits(out, high, 5);
    write_digits(out + 5, value - high * 10'000, 4);
    out += group_digits;
  }
};

}  // namespace

std::size_t decimal_bytes(unsigned precision, unsigned scale) {
  if (precision == 0 || precision > most_digits || scale > precision) return 0;
  const unsigned whole = precision - scale;
  return whole / group_digits * 4 + bytes_of_digits[whole % group_digits] +
         scale / group_digits * 4 + bytes_of_digits[scale % group_digits];
}

char* write_decimal(char* out, std::string_view bytes, unsigned precision, unsigned scale) {
  char copy[40];  // the first byte is changed, and the event is not ours
  std::memcpy(copy, bytes.data(), std::min(bytes.size(), sizeof copy));
  const bool negative = (copy[0] & 0x80) == 0;
  copy[0] = static_cast<char>(copy[0] ^ 0x80);
  const unsigned whole = precision - scale;
  char digits[most_digits + 3];
  DigitReader in{copy, negative ? 0xffu : 0u, digits};
  if (whole % group_digits != 0) in.group(whole % group_digits);
  for (unsigned i = 0; i < whole / group_digits; ++i) in.full_group();
  const char* const whole_end = in.out;
  for (unsigned i = 0; i < scale / group_digits; ++i) in.full_group();
  if (scale % group_digits != 0) in.group(scale % group_digits);
  if (!in.ok) return nullptr;
  const char* const end = in.out;
  const char* first = digits;
  while (first != whole_end && *first == '0') ++first;
  if (negative && !in.zero) *out++ = '-';
  if (first == whole_end) *out++ = '0';
  out = std::copy(first, whole_end, out);
  if (scale == 0) return out;
  *out++ = '.';
  return std::copy(whole_end, end, out);
}

}  // namespace tailrace::capture
