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

// Groups of up to nine digits, each a big-endian number of its own.
struct GroupReader {
  const char* at;
  std::uint32_t mask;  // all ones in a negative number
  bool ok = true;
  bool zero = true;  // all that was read

  std::uint32_t next(unsigned digits) {
    std::uint32_t value = 0;
    if (digits == group_digits) {
      value = __builtin_bswap32(load<std::uint32_t>(at)) ^ (mask * 0x01010101u);
    } else {
      for (std::size_t i = 0; i < bytes_of_digits[digits]; ++i) {
        value = value << 8 | ((static_cast<std::uint8_t>(at[i]) ^ mask) & 0xff);
      }
    }
    at += bytes_of_digits[digits];
    ok = ok && value < limits[digits];
    zero = zero && value == 0;
    return value;
  }
};

char* write_group(char* out, std::uint32_t value, unsigned digits) {
  if (digits != group_digits) return write_digits(out, value, digits);
  // Two chains of divisions that do not wait for each other.
  const std::uint32_t high = value / 10'000;
  return write_digits(write_digits(out, high, 5), value - high * 10'000, 4);
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
  char copy[40];  // the first byte is changed, and the event is not ours
  std::memcpy(copy, bytes.data(), std::min(bytes.size(), sizeof copy));
  const bool negative = (copy[0] & 0x80) == 0;
  copy[0] = static_cast<char>(copy[0] ^ 0x80);
  const unsigned whole = precision - scale;
  GroupReader in{copy, negative ? 0xffu : 0u};
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
