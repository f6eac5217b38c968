// The name of an XA transaction.
// Threading: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace tailrace::capture {

struct XaId {
  std::uint32_t format = 1;
  std::string global;  // bytes
  std::string branch;

  friend auto operator<=>(const XaId&, const XaId&) = default;
};

}  // namespace tailrace::capture
