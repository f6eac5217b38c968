#include "capture/binlog/utf8.hpp"

#include "capture/binlog/charset.hpp"

namespace tailrace::capture {

std::size_t utf8_character(const char* at, std::size_t size) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(at[i]); };
  const auto follows = [&](std::size_t i) { return i < size && (byte(i) & 0xc0) == 0x80; };
  if (size == 0) return 0;
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return follows(1) ? 2 : 0;
  if (lead < 0xf0) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xf4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  const bool overlong = lead == 0xf0 && byte(1) < 0x90;
  const bool too_high = lead == 0xf4 && byte(1) >= 0x90;
  return overlong || too_high ? 0 : 4;
}

namespace {

// Length of the valid prefix.
std::size_t valid_prefix(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    i += ascii_prefix(bytes.data() + i, bytes.size() - i);
    while (i < bytes.size() && static_cast<signed char>(bytes[i]) < 0) {
      const std::size_t size = utf8_character(bytes.data() + i, bytes.size() - i);
      if (size == 0) return i;
      i += size;
    }
  }
  return i;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) { return valid_prefix(bytes) == bytes.size(); }

std::string_view valid_utf8(std::string_view bytes, Arena& arena, bool& repaired) {
  std::size_t valid = valid_prefix(bytes);
  if (valid == bytes.size()) return bytes;
  repaired = true;
  const std::size_t room = bytes.size() * 3;  // every byte could become U+FFFD
  char* const text = arena.allocate(room);
  char* out = text;
  std::string_view rest = bytes;
  while (true) {
    std::memcpy(out, rest.data(), valid);
    out += valid;
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    out = write_utf8(out, replacement_character);
    rest.remove_prefix(1);
    valid = valid_prefix(rest);
  }
  const auto size = static_cast<std::size_t>(out - text);
  arena.shrink_last(room - size);
  return {text, size};
}

}  // namespace tailrace::capture
