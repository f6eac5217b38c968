// Little-endian and varint encoding for our own formats (docs/formats/), with bounds checks on
// reading. Threading: plain values.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tailrace {

// LEB128: seven bits a byte, low bits first, at most ten bytes.
inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// varint length, then the bytes.
inline void append_sized(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out.append(bytes);
}

template <class T>
void append_fixed(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  char buffer[sizeof(T)];
  std::memcpy(buffer, &value, sizeof(T));
  out.append(buffer, sizeof(T));
}

// Reads what the append_ functions wrote. After a read past the end, ok() is false for good and
// every further read gives zero or an empty view: check once at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  const char* position() const { return at_; }

  std::uint8_t byte() {
    if (at_ == end_) return fail(), std::uint8_t{0};
    return static_cast<std::uint8_t>(*at_++);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto b = static_cast<std::uint8_t>(*at_++);
      value |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
    fail();
    return 0;
  }
  std::string_view take(std::uint64_t size) {
    if (size > remaining()) return fail(), std::string_view{};
    std::string_view view(at_, static_cast<std::size_t>(size));
    at_ += size;
    return view;
  }
  std::string_view sized() { return take(varint()); }
  template <class T>
  T fixed() {
    T value{};
    const std::string_view view = take(sizeof(T));
    if (ok_) std::memcpy(&value, view.data(), sizeof(T));
    return value;
  }

 private:
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace tailrace
