#include "core/json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>

namespace tailrace {

namespace {

constexpr std::array<bool, 256> escape_table() {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = true;
  table['"'] = true;
  table['\\'] = true;
  return table;
}
constexpr auto needs_escape = escape_table();

// Eight bytes: has one of them a value below 0x20, '"' or '\\'? May say so wrongly of bytes >= 0x80
// behind such a one, never miss one.
constexpr bool may_need_escape(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t tops = 0x8080808080808080u;
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  const std::uint64_t control = (word - ones * 0x20) & ~word & tops;
  return (control | has_zero(word ^ (ones * '"')) | has_zero(word ^ (ones * '\\'))) != 0;
}

// Length of a prefix without bytes that need an escape; all of the text if none does.
std::size_t plain_prefix(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if (may_need_escape(word)) break;
  }
  while (i < text.size() && !needs_escape[static_cast<unsigned char>(text[i])]) ++i;
  return i;
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  constexpr char hex[] = "0123456789abcdef";
  out += "\\u00";
  out.push_back(hex[c >> 4]);
  out.push_back(hex[c & 15]);
}

template <class T>
void append_chars(std::string& out, T number) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out.append(buffer, end);
}

template <class T>
void append_float(std::string& out, T number) {
  if (!std::isfinite(number)) {
    out += "null";  // MySQL stores no NaN or infinity; JSON has no number for them
    return;
  }
  append_chars(out, number);
}

void append_two(std::string& out, int number) {
  out.push_back(static_cast<char>('0' + number / 10));
  out.push_back(static_cast<char>('0' + number % 10));
}

}  // namespace

void append_number(std::string& out, std::int64_t number) { append_chars(out, number); }
void append_number(std::string& out, std::uint64_t number) { append_chars(out, number); }

void append_json_string(std::string& out, std::string_view text) {
  std::size_t i = plain_prefix(text);
  if (i == text.size()) {
    const std::size_t at = out.size();
    out.append(i + 2, '"');
    std::copy(text.begin(), text.end(), out.begin() + static_cast<std::ptrdiff_t>(at + 1));
    return;
  }
  out.push_back('"');
  std::size_t start = 0;
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!needs_escape[c]) continue;
    out.append(text, start, i - start);
    append_escaped(out, c);
    start = i + 1;
  }
  out.append(text, start, text.size() - start);
  out.push_back('"');
}

namespace {

constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Both digits of twelve bits.
constexpr auto base64_pairs = [] {
  std::array<char, 2 * 4096> pairs{};
  for (std::size_t i = 0; i < 4096; ++i) {
    pairs[2 * i] = base64_digits[i >> 6];
    pairs[2 * i + 1] = base64_digits[i & 63];
  }
  return pairs;
}();

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + before;
  std::size_t i = 0;
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(bytes[k]); };
  for (; i + 2 < bytes.size(); i += 3, to += 4) {
    const unsigned n = static_cast<unsigned>(at(i) << 16 | at(i + 1) << 8 | at(i + 2));
    std::memcpy(to, &base64_pairs[2 * (n >> 12)], 2);
    std::memcpy(to + 2, &base64_pairs[2 * (n & 0xfff)], 2);
  }
  if (i == bytes.size()) return;
  const bool two = i + 1 < bytes.size();
  const unsigned n = static_cast<unsigned>(at(i) << 16 | (two ? at(i + 1) << 8 : 0));
  std::memcpy(to, &base64_pairs[2 * (n >> 12)], 2);
  to[2] = two ? base64_digits[(n >> 6) & 63] : '=';
  to[3] = '=';
}

bool decode_base64(std::string_view text, std::string& out) {
  const auto digit = [](char c) -> int {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  };
  if (text.size() % 4 != 0) return false;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = digit(c);
    if (value < 0) return false;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return true;
}

void append_json_value(std::string& out, const Value& value) {
  switch (value.kind()) {
    case ValueKind::absent:
    case ValueKind::null:
    case ValueKind::impossible_date:
      out += "null";
      return;
    case ValueKind::boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case ValueKind::int64:
      append_chars(out, value.as_int64());
      return;
    case ValueKind::uint64:
      append_chars(out, value.as_uint64());
      return;
    case ValueKind::float32:
      append_float(out, value.as_float32());
      return;
    case ValueKind::float64:
      append_float(out, value.as_float64());
      return;
    case ValueKind::decimal_number:
    case ValueKind::json:
      out += value.as_text();
      return;
    case ValueKind::decimal:
    case ValueKind::date:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::time:
      out.push_back('"');
      out += value.as_text();
      out.push_back('"');
      return;
    case ValueKind::string:
      append_json_string(out, value.as_text());
      return;
    case ValueKind::bytes:
      out.push_back('"');
      append_base64(out, value.as_text());
      out.push_back('"');
      return;
  }
}

void append_utc_time(std::string& out, std::int64_t us) {
  const std::time_t seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  append_number(out, static_cast<std::int64_t>(tm.tm_year + 1900));
  out.push_back('-');
  append_two(out, tm.tm_mon + 1);
  out.push_back('-');
  append_two(out, tm.tm_mday);
  out.push_back('T');
  append_two(out, tm.tm_hour);
  out.push_back(':');
  append_two(out, tm.tm_min);
  out.push_back(':');
  append_two(out, tm.tm_sec);
  out.push_back('.');
  const auto fraction = static_cast<int>(us % 1'000'000);
  append_two(out, fraction / 10'000);
  append_two(out, fraction / 100 % 100);
  append_two(out, fraction % 100);
  out.push_back('Z');
}

void append_key_part(std::string& out, const Value& value) {
  const std::size_t mark = out.size();
  out.push_back('\0');
  append_json_value(out, value);
  const std::size_t length = out.size() - mark - 1;
  if (length < 0x80) {
    out[mark] = static_cast<char>(length);
    return;
  }
  std::string prefix;
  append_varint(prefix, length);
  out.replace(mark, 1, prefix);
}

std::vector<std::string_view> split_key(std::string_view key) {
  std::vector<std::string_view> parts;
  ByteReader in(key);
  while (in.ok() && !in.at_end()) parts.push_back(in.sized());
  return parts;
}

}  // namespace tailrace
