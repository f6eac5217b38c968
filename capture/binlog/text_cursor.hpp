// Writes text by a bare pointer: no check per character, no call per piece.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "capture/binlog/wire_reader.hpp"
#include "core/arena.hpp"

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

// At most seven bytes, and blanks behind them.
inline std::uint64_t short_word(const char* at, std::size_t size) {
  constexpr std::uint64_t blanks = 0x2020202020202020u;
  if (size >= 4) {  // the halves overlap where they say the same
    const std::uint64_t low = load<std::uint32_t>(at);
    const std::uint64_t high = load<std::uint32_t>(at + size - 4);
    return blanks << (8 * size) | high << (8 * (size - 4)) | low;
  }
  if (size >= 2) {
    const std::uint64_t low = load<std::uint16_t>(at);
    const std::uint64_t high = load<std::uint16_t>(at + size - 2);
    return blanks << (8 * size) | high << (8 * (size - 2)) | low;
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

// One text that grows in an arena, from which nothing else may be taken meanwhile.
class TextCursor {
 public:
  TextCursor(Arena& arena, std::size_t expected)
      : arena_(arena), start_(arena.allocate(expected)), at_(start_), end_(start_ + expected) {}

  // What is put after this may have as many bytes.
  void make_room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view text) { at_ = copy(at_, text); }
  // In quotes, with a character before and one behind, which are left out where they are zero; all
  // at once, because every put waits for where the one before it ended. False, and nothing is put:
  // the text does not stand in JSON as it is. Needs room for the text and room_around_text.
  bool put_plain(std::string_view text, char before, char behind) {
    char* at = at_;
    *at = before;
    at += before != 0 ? 1 : 0;
    *at++ = '"';
    const std::size_t size = text.size();
    if (size < 8) {
      const std::uint64_t word = short_word(text.data(), size);
      if (!is_plain_json(word)) return false;
      std::memcpy(at, &word, sizeof word);
    } else {
      if (!is_plain_json(text.data(), size)) return false;
      copy(at, text);
    }
    at += size;
    *at++ = '"';
    *at = behind;
    at_ = at + (behind != 0 ? 1 : 0);
    return true;
  }
  static constexpr std::size_t room_around_text = 16;

  template <class T>
  void put_number(T number) {
    at_ = std::to_chars(at_, end_, number).ptr;
  }

  // `write` gets where to write and returns where it ended.
  template <class Write>
  void put_with(Write&& write) {
    at_ = write(at_);
  }
  // What only knows how to append to strings.
  template <class Append>
  void append(Append&& append) {
    std::string text;
    append(text);
    make_room(text.size());
    put(text);
  }
  // The text; what was taken for it and not used goes back.
  std::string_view finish() {
    arena_.shrink_last(static_cast<std::size_t>(end_ - at_));
    end_ = at_;
    return {start_, static_cast<std::size_t>(at_ - start_)};
  }

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
  void grow(std::size_t bytes) {
    const auto used = static_cast<std::size_t>(at_ - start_);
    const std::size_t larger = std::max(used + bytes, 2 * static_cast<std::size_t>(end_ - start_));
    char* const to = arena_.allocate(larger);
    std::memcpy(to, start_, used);
    start_ = to;
    at_ = to + used;
    end_ = to + larger;
  }

  Arena& arena_;
  char* start_;
  char* at_;
  char* end_;
};

}  // namespace tailrace::capture
