// Token: the order of row changes of one source. Version: the order of contents of one document.
// Threading: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "core/bytes.hpp"

namespace tailrace {

// seq counts transactions in the order capture read them, idx the row changes inside one.
// A snapshot's rows carry (epoch, 0, 0). Never a GTID number, never a time.
struct Token {
  std::uint16_t epoch = 0;
  std::uint64_t seq = 0;
  std::uint32_t idx = 0;

  static constexpr std::uint32_t last_idx = std::numeric_limits<std::uint32_t>::max();
  friend constexpr auto operator<=>(const Token&, const Token&) = default;
};

inline void append_token(std::string& out, const Token& token) {
  append_varint(out, token.epoch);
  append_varint(out, token.seq);
  append_varint(out, token.idx);
}
inline Token read_token(ByteReader& in) {
  Token token;
  token.epoch = static_cast<std::uint16_t>(in.varint());
  token.seq = in.varint();
  token.idx = static_cast<std::uint32_t>(in.varint());
  return token;
}

// (generation << 48) | (last + 1): 15 bits of generation, 48 bits of log offset. Positive as a
// signed 64-bit number, which is what Elasticsearch's external versions take.
class Version {
 public:
  constexpr Version() = default;
  constexpr Version(std::uint16_t generation, std::int64_t last_offset)
      : value_((static_cast<std::uint64_t>(generation & 0x7fff) << 48) |
               (static_cast<std::uint64_t>(last_offset + 1) & 0xffffffffffffULL)) {}
  static constexpr Version from_number(std::uint64_t number) {
    Version version;
    version.value_ = number;
    return version;
  }

  constexpr std::uint64_t number() const { return value_; }
  constexpr std::uint16_t generation() const { return static_cast<std::uint16_t>(value_ >> 48); }
  friend constexpr auto operator<=>(const Version&, const Version&) = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace tailrace
