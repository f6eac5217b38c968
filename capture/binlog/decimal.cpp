#include "capture/binlog/decimal.hpp"

#include <algorithm>
#include <charconv>
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

// Groups of up to nine digits, each a big-endian number of its own. The first bit of all is
// inverted, and every bit of a negative number.
struct GroupReader {
  explicit GroupReader(std::string_view bytes)
      : at(bytes.data()), mask((bytes[0] & 0x80) != 0 ? 0u : ~0u) {}

  const char* at;
  std::uint32_t mask;
  std::uint32_t sign = 0x80;  // of the next group's first byte
  bool ok = true;
  bool zero = true;  // all that was read

  std::uint32_t next(unsigned digits) {
    const std::size_t bytes = bytes_of_digits[digits];
    std::uint32_t value = 0;
    if (bytes == 4) {
      value = __builtin_bswap32(load<std::uint32_t>(at)) ^ mask ^ sign << 24;
    } else if (bytes != 0) {
      for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<std::uint8_t>(at[i]);
      value ^= (mask & 0xffffffu >> (24 - 8 * bytes)) ^ sign << (8 * (bytes - 1));
    }
    sign = 0;
    at += bytes;
    ok = ok && value < limits[digits];
    zero = zero && value == 0;
    return value;
  }
};

char* write_group(char* out, std::uint32_t value, unsigned digits) {
  if (digits != group_digits) return write_digits(out, value, digits);
  const std::uint32_t first = value / 100'000'000;
  *out = static_cast<char>('0' + first);
  return write_eight(out + 1, value - first * 100'000'000);
}

// Without leading zeros; a single one if there is nothing else.
char* write_whole(char* out, GroupReader& in, unsigned digits) {
  char* const start = out;
  const auto add = [&](std::uint32_t value, unsigned count) {
    if (out != start) {
      out = write_group(out, value, count);
    } else if (value != 0) {
      out = std::to_chars(out, out + group_digits + 1, value).ptr;
    }
  };
  if (digits % group_digits != 0) add(in.next(digits % group_digits), digits % group_digits);
  for (unsigned i = 0; i < digits / group_digits; ++i) add(in.next(group_digits), group_digits);
  if (out == start) *out++ = '0';
  return out;
}

}  // namespace

std::size_t decimal_bytes(unsigned precision, unsigned scale) {
  if (precision == 0 || precision > most_digits || scale > precision) return 0;
  const unsigned whole = precision - scale;
  return whole / group_digits * 4 + bytes_of_digits[whole % group_digits] +
         scale / group_digits * 4 + bytes_of_digits[scale % group_digits];
}

char* write_decimal(char* out, std::string_view bytes, unsigned precision, unsigned scale) {
  GroupReader in(bytes);
  const bool negative = in.mask != 0;
  const unsigned whole = precision - scale;
  char* const start = out;
  if (negative) *out++ = '-';
  out = write_whole(out, in, whole);
  if (scale != 0) *out++ = '.';
  for (unsigned i = 0; i < scale / group_digits; ++i) {
    out = write_group(out, in.next(group_digits), group_digits);
  }
  if (const unsigned left = scale % group_digits; left != 0) {
    out = write_group(out, in.next(left), left);
  }
  if (!in.ok) return nullptr;
  if (!negative || !in.zero) return out;
  return std::copy(start + 1, out, start);  // no minus zero
}

}  // namespace tailrace::capture
