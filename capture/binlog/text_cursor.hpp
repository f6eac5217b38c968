// Writes text into a string's bytes by a bare pointer: no check per character, no call per piece.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

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

inline bool is_plain_json(const char* at, std::size_t size) {
  std::uint64_t word = 0x2020202020202020u;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
      std::memcpy(&word, at + i, 8);
      if (!is_plain_json(word)) return false;
    }
    std::memcpy(&word, at + size - 8, 8);  // the rest, and some of what was seen
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      word = word << 8 | static_cast<std::uint8_t>(at[i]);
    }
  }
  return is_plain_json(word);
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
  void put(std::string_view text) {
    const std::size_t size = text.size();
    if (size >= 8 && size <= 16) {  // most keys and values: two words that overlap, and no call
      std::memcpy(at_, text.data(), 8);
      std::memcpy(at_ + size - 8, text.data() + size - 8, 8);
    } else if (size < 8) {
      for (std::size_t i = 0; i < size; ++i) at_[i] = text[i];
    } else {
      std::memcpy(at_, text.data(), size);
    }
    at_ += size;
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
