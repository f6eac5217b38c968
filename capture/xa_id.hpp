// The name of an XA transaction.
// Threading: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace tailrace::capture {

struct XaId {
  std::uint32_t format = 1;
  std::string global;  // bytes
  std::string branch;

  // "1,676c6f62616c,6272616e6368": format and both parts in hexadecimal.
  std::string text() const;
  // Of what text() gives; anything else gives something that no transaction is called.
  static XaId parse(const std::string& text);

  friend auto operator<=>(const XaId&, const XaId&) = default;
};

// "6162" → "ab".
std::string bytes_of_hex(std::string_view hex);

}  // namespace tailrace::capture
