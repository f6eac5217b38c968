#include "capture/binlog/inet6_text.hpp"

#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::size_t group_count = 8;
using Groups = std::array<std::uint64_t, group_count>;

struct Gap {
  std::size_t begin = group_count;
  std::size_t length = 0;
};

// The first of the longest runs of zeros.
Gap longest_gap(const Groups& groups) {
  Gap longest;
  Gap here;
  for (std::size_t i = 0; i < group_count; ++i) {
    if (groups[i] != 0) {
      here = {};
      continue;
    }
    if (here.length == 0) here.begin = i;
    ++here.length;
    if (here.length > longest.length) longest = here;
  }
  return longest;
}

}  // namespace

std::string inet6_text(std::string_view address) {
  Groups groups;
  for (std::size_t i = 0; i < group_count; ++i) groups[i] = big_endian(address.data() + 2 * i, 2);
  const Gap gap = longest_gap(groups);
  const bool holds_ipv4 =
      gap.begin == 0 && (gap.length == 6 || (gap.length == 5 && groups[5] == 0xffff));
  std::string text;
  for (std::size_t i = 0; i < group_count; ++i) {
    if (i == gap.begin) {
      text += i == 0 ? "::" : ":";
      i += gap.length - 1;
    } else if (i == 6 && holds_ipv4) {
      return text + fmt::format("{}.{}.{}.{}", groups[6] >> 8, groups[6] & 0xff, groups[7] >> 8,
                                groups[7] & 0xff);
    } else {
      text += fmt::format("{:x}{}", groups[i], i + 1 == group_count ? "" : ":");
    }
  }
  return text;
}

}  // namespace tailrace::capture
