#include "capture/xa_id.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tailrace::capture {
namespace {

std::string to_hex(const std::string& bytes) {
  std::string hex;
  for (const char c : bytes) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(c));
  }
  return hex;
}

}  // namespace

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 2 <= hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

std::string XaId::text() const {
  return fmt::format("{},{},{}", format, to_hex(global), to_hex(branch));
}

XaId XaId::parse(const std::string& text) {
  XaId id;
  const std::size_t first = text.find(',');
  const std::size_t second = text.find(',', first + 1);
  if (first == std::string::npos || second == std::string::npos) return id;
  std::from_chars(text.data(), text.data() + first, id.format);
  id.global = bytes_of_hex(std::string_view(text).substr(first + 1, second - first - 1));
  id.branch = bytes_of_hex(std::string_view(text).substr(second + 1));
  return id;
}

}  // namespace tailrace::capture
