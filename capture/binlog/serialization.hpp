// The variable-length integers of MySQL's own serialization library: the count of trailing one bits
// in the first byte says how many bytes follow. Source: MySQL libs/mysql/serialization.
// Threading: free functions.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

inline std::uint64_t read_serialized_unsigned(WireReader& in) {
  const std::uint8_t first = in.u8();
  const auto more = static_cast<std::size_t>(std::countr_one(first));
  if (more == 0) return first >> 1;
  if (more >= 7) {
    // 7: the first byte has no bit of the value; 8: nine bytes in all.
    return in.integer(more);
  }
  const std::uint64_t rest = in.integer(more);
  const unsigned kept = static_cast<unsigned>(8 - more - 1);
  return static_cast<std::uint64_t>(first) >> (more + 1) | rest << kept;
}

// The sign is the lowest bit; a negative x holds -(x + 1).
inline std::int64_t read_serialized_signed(WireReader& in) {
  const std::uint64_t raw = read_serialized_unsigned(in);
  const auto magnitude = static_cast<std::int64_t>(raw >> 1);
  return (raw & 1) != 0 ? -magnitude - 1 : magnitude;
}

}  // namespace tailrace::capture
