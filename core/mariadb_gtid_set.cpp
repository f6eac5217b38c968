#include "core/mariadb_gtid_set.hpp"

#include <charconv>
#include <optional>

namespace tailrace {

namespace {

Failure malformed(std::string_view part) {
  return halt(
      "gtid.malformed",
      "not a GTID position: '" + std::string(part.substr(0, 80)) +
          "'; write MariaDB's as domain-server-sequence once for each domain (0-1-270,1-3-12)"
          ", MySQL's as uuid:1-4:7");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// Takes a number and the dash behind it (`last`: the end of the text) off `text`.
template <class T>
bool take_number(std::string_view& text, bool last, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (last) return text.empty();
  if (text.empty() || text[0] != '-') return false;
  text.remove_prefix(1);
  return true;
}

std::optional<MariadbGtid> parse_one(std::string_view text) {
  MariadbGtid gtid;
  if (!take_number(text, false, gtid.domain) || !take_number(text, false, gtid.server) ||
      !take_number(text, true, gtid.sequence) || gtid.sequence == 0) {
    return std::nullopt;
  }
  return gtid;
}

}  // namespace

std::string MariadbGtid::text() const {
  return std::to_string(domain) + "-" + std::to_string(server) + "-" + std::to_string(sequence);
}

Result<MariadbGtidSet> MariadbGtidSet::parse(std::string_view text) {
  MariadbGtidSet set;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = trimmed(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (part.empty()) continue;
    const auto gtid = parse_one(part);
    if (!gtid || !set.last_.emplace(gtid->domain, *gtid).second) return malformed(part);
  }
  return set;
}

void MariadbGtidSet::add(const MariadbGtidSet& other) {
  for (const auto& [domain, gtid] : other.last_) {
    if (!contains(gtid)) add(gtid);
  }
}

bool MariadbGtidSet::contains(const MariadbGtid& gtid) const {
  const auto found = last_.find(gtid.domain);
  if (found == last_.end()) return false;
  return found->second == gtid || found->second.sequence > gtid.sequence;
}

MariadbGtidSet MariadbGtidSet::minus(const MariadbGtidSet& other) const {
  MariadbGtidSet left;
  for (const auto& [domain, gtid] : last_) {
    if (!other.contains(gtid)) left.add(gtid);
  }
  return left;
}

std::string MariadbGtidSet::text() const {
  std::string out;
  for (const auto& [domain, gtid] : last_) {
    if (!out.empty()) out += ',';
    out += gtid.text();
  }
  return out;
}

}  // namespace tailrace
