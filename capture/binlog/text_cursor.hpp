// Writes text into a string's bytes by a bare pointer: no check per character, no call per piece.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

// Eight bytes: is each of them ASCII that stands in a JSON string as it is? May say no wrongly.
constexpr bool is_plain_json(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t tops = 0x8080808080808080u;
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  const std::uint64_t control = (word - ones * 0x20) & ~word & tops;
  return (control | (word & tops) | has_zero(word ^ (ones * '"')) |
          has_zero(word ^ (ones * '\\'))) == 0;
}

// All of at most seven bytes, some of them twice, and blanks.
inline std::uint64_t short_word(const char* at, std::size_t size) {
  constexpr std::uint64_t blanks = 0x2020202020202020u;
  if (size >= 4) {
    return load<std::uint32_t>(at) | std::uint64_t{load<std::uint32_t>(at + size - 4)} << 32;
  }
  if (size >= 2) {
    return blanks << 32 | load<std::uint16_t>(at) |
           std::uint32_t{load<std::uint16_t>(at + size - 2)} << 16;
  }
  return size == 0 ? blanks : blanks << 8 | load<std::uint8_t>(at);
}

inline bool is_plain_json(const char* at, std::size_t size) {
  if (size < 8) return is_plain_json(short_word(at, size));
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    if (!is_plain_json(load<std::uint64_t>(at + i))) return false;
  }
  return is_plain_json(load<std::uint64_t>(at + size - 8));  // the rest, and some of what was seen
}

// Appends to `out`, which is in order again, and whole, after finish().
class TextCursor {
 public:
  TextCursor(std::string& out, std::size_t expected) : out_(out), kept_(out.size()) {
    out_.resize(kept_ + expected);
    point_at(kept_);
  }

  // At least `bytes` may be put after this.
  void make_room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view text) { at_ = copy(at_, text); }
  // In quotes, with a character before and one behind, which are left out where they are zero. All
  // at once, because every put waits for where the one before it ended.
  void put_quoted(std::string_view text, char before, char behind) {
    char* at = at_;
    if (before != 0) *at++ = before;
    *at++ = '"';
    at = copy(at, text);
    *at++ = '"';
    if (behind != 0) *at++ = behind;
    at_ = at;
  }
  template <class T>
  void put_number(T number) {
    at_ = std::to_chars(at_, end_, number).ptr;
  }

  // What only knows how to append to strings.
  template <class Append>
  void append(Append&& append) {
    out_.resize(size());
    append(out_);
    point_at(out_.size());
  }
  void finish() { out_.resize(size()); }

 private:
  // Most keys and values are short: two words that overlap, and no call.
  static char* copy(char* to, std::string_view text) {
    const std::size_t size = text.size();
    if (size > 16) {
      std::memcpy(to, text.data(), size);
    } else if (size >= 8) {
      copy_ends<8>(to, text);
    } else if (size >= 4) {
      copy_ends<4>(to, text);
    } else if (size >= 2) {
      copy_ends<2>(to, text);
    } else if (size == 1) {
      *to = text[0];
    }
    return to + size;
  }
  template <std::size_t bytes>
  static void copy_ends(char* to, std::string_view text) {
    std::memcpy(to, text.data(), bytes);
    std::memcpy(to + text.size() - bytes, text.data() + text.size() - bytes, bytes);
  }
  std::size_t size() const { return static_cast<std::size_t>(at_ - out_.data()); }
  void point_at(std::size_t size) {
    at_ = out_.data() + size;
    end_ = out_.data() + out_.size();
  }
  void grow(std::size_t bytes) {
    const std::size_t used = size();
    out_.resize(std::max(used + bytes, 2 * out_.size()));
    point_at(used);
  }

  std::string& out_;
  std::size_t kept_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace tailrace::capture
