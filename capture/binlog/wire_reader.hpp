// Reads MySQL's own encodings (little-endian integers, length-encoded integers and strings) with
// every length checked. After a read past the end ok() is false for good and reads give zero or an
// empty view: check once, before anything that was read is trusted.
// Threading: plain values.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tailrace::capture {

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Little-endian integer of `size` <= 8 bytes; the bytes must be there. Each size has loads of its
// own: a copy of a size known only here would be waited for before it can be read back.
inline std::uint64_t little_endian(const char* at, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  switch (size) {
    case 0: return 0;
    case 1: return load<std::uint8_t>(at);
    case 2: return load<std::uint16_t>(at);
    case 3: return load<std::uint16_t>(at) | std::uint64_t{load<std::uint8_t>(at + 2)} << 16;
    case 4: return load<std::uint32_t>(at);
    default: break;
  }
  if (size == 8) return load<std::uint64_t>(at);
  const std::uint64_t high = load<std::uint32_t>(at + size - 4);  // overlaps the low half
  return load<std::uint32_t>(at) | high << (8 * (size - 4));
}

inline std::uint64_t big_endian(const char* at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<std::uint8_t>(at[i]);
  return value;
}

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, remaining()}; }

  std::uint64_t integer(std::size_t size) {
    const std::string_view view = take(size);
    return ok_ ? little_endian(view.data(), size) : 0;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }

  // MySQL's length-encoded integer; 0xfb (NULL) and 0xff are not lengths.
  std::uint64_t lenenc() {
    const std::uint8_t first = u8();
    if (first < 0xfb) return first;
    if (first == 0xfc) return integer(2);
    if (first == 0xfd) return integer(3);
    if (first == 0xfe) return integer(8);
    fail();
    return 0;
  }
  std::string_view sized() { return take(lenenc()); }

  std::string_view take(std::uint64_t size) {
    if (size > remaining()) {
      fail();
      return {};
    }
    const std::string_view view(at_, static_cast<std::size_t>(size));
    at_ += size;
    return view;
  }
  // A string of `size` bytes that a zero byte follows.
  std::string_view terminated(std::uint64_t size) {
    const std::string_view view = take(size);
    if (u8() != 0) fail();
    return view;
  }
  void fail() {
    ok_ = false;
    at_ = end_;
  }

 private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

// Bits in MySQL's bitmaps of columns: least significant bit first.
inline bool bit_set(std::string_view bits, std::size_t index) {
  return (static_cast<std::uint8_t>(bits[index / 8]) >> (index % 8) & 1) != 0;
}

}  // namespace tailrace::capture
