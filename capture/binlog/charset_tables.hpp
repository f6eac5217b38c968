// Constant tables of the single-byte character sets, as MySQL itself converts them.
// Threading: constants.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "capture/binlog/charset.hpp"

namespace tailrace::capture {

using HighHalf = std::array<std::uint16_t, 128>;

// Of a character set whose lower half is ASCII; null: not one of these.
const HighHalf* single_byte_high_half(std::string_view charset);

}  // namespace tailrace::capture
