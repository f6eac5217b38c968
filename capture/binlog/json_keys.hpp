// The keys of one shape of JSON object, as text. Documents of a column mostly have the same keys at
// the same offsets: comparing them with the last ones is cheaper than checking and quoting each.
// Threading: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tailrace::capture {

class JsonKeys {
 public:
  static constexpr std::size_t most_keys = 32;
  static constexpr std::size_t most_bytes = 512;   // of all keys of an object
  static constexpr std::size_t copied_bytes = 24;  // that put() writes at least

  // Whether the object whose key entries are `entries`, and whose keys follow `keys`, has these.
  bool are(std::string_view entries, std::string_view keys) const {
    return entries == entries_ && keys.size() >= keys_.size() &&
           std::memcmp(keys.data(), keys_.data(), keys_.size()) == 0;
  }
  std::size_t bytes() const { return keys_.size(); }
  // What stands in front of member `i`: `{"a":` or `,"b":`. Writes copied_bytes at least.
  char* put(char* to, std::size_t i) const {
    const std::size_t size = ends_[i + 1] - ends_[i];
    const char* const from = text_.data() + ends_[i];
    std::memcpy(to, from, copied_bytes);
    if (size > copied_bytes) {
      std::memcpy(to + copied_bytes, from + copied_bytes, size - copied_bytes);
    }
    return to + size;
  }
  std::size_t text_bytes(std::size_t i) const { return ends_[i + 1] - ends_[i]; }

  // To be filled key by key; they have most_bytes at most.
  void begin(std::string_view entries) {
    entries_ = entries;
    text_.clear();
    count_ = 0;
  }
  void add(std::string_view text) {
    text_ += text;
    ends_[++count_] = static_cast<std::uint32_t>(text_.size());
  }
  void finish(std::string_view keys) {
    keys_ = keys;
    text_.append(copied_bytes, ' ');
  }
  void forget() { entries_.clear(); }
  // Objects of ever new shapes are not remembered each time.
  bool worth_remembering() { return (misses_++ & 7) == 0; }

 private:
  std::string entries_;
  std::string keys_;
  std::string text_;
  std::array<std::uint32_t, most_keys + 1> ends_{};
  std::size_t count_ = 0;
  unsigned misses_ = 0;
};

}  // namespace tailrace::capture
