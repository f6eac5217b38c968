#include "app/binlog/read_point.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tailrace::app {
namespace {

bool parse_offset(std::string_view text, std::uint64_t& offset) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<ReadPoint> ReadPoint::parse(std::string_view text) {
  constexpr std::string_view by_gtid = "gtid:";
  ReadPoint point;
  if (text.starts_with(by_gtid)) {
    TAILRACE_ASSIGN(point.gtid, GtidSet::parse(text.substr(by_gtid.size())));
    return point;
  }
  if (parse_offset(text, point.at.offset)) return point;
  const std::size_t colon = text.rfind(':');
  point.at.file = text.substr(0, colon);
  point.at.offset = 4;  // where the first event begins
  const bool whole =
      colon == std::string_view::npos || parse_offset(text.substr(colon + 1), point.at.offset);
  if (whole && point.at.known()) return point;
  return halt(
      "position.malformed",
      fmt::format("'{}' is no position; write 4711, binlog.000042:4711 or gtid:<set>", text));
}

}  // namespace tailrace::app
