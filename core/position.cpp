#include "core/position.hpp"

#include <algorithm>
#include <string_view>

namespace tailrace {

namespace {

// The digits after the last dot without leading zeros: longer is later, as is greater.
std::string_view file_number(const std::string& file) {
  std::string_view digits(file);
  digits.remove_prefix(std::min(digits.rfind('.') + 1, digits.size()));
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

}  // namespace

bool before(const BinlogPosition& a, const BinlogPosition& b) {
  const std::string_view x = file_number(a.file);
  const std::string_view y = file_number(b.file);
  if (x.size() != y.size()) return x.size() < y.size();
  if (x != y) return x < y;
  return a.offset < b.offset;
}

}  // namespace tailrace
