#include "core/mysql_gtid_set.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/bytes.hpp"

namespace tailrace {

namespace {

constexpr std::size_t longest_tag = 32;
constexpr std::int64_t largest_number = std::numeric_limits<std::int64_t>::max() - 1;

Failure malformed(std::string_view part) {
  return halt("gtid.malformed", "not a GTID set: '" + std::string(part.substr(0, 80)) +
                                    "'; write it as uuid:1-4:7,uuid:tag:1-2");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// The text up to the separator, which is taken off `rest` together with it.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return trimmed(part);
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

bool parse_number(std::string_view text, std::int64_t& number) {
  text = trimmed(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 1 &&
         number <= largest_number;
}

bool parse_interval(std::string_view text, MysqlGtidSet::Interval& interval) {
  const std::size_t dash = text.find('-');
  std::int64_t last = 0;
  if (!parse_number(text.substr(0, dash), interval.first)) return false;
  if (dash == std::string_view::npos) {
    last = interval.first;
  } else if (!parse_number(text.substr(dash + 1), last)) {
    return false;
  }
  interval.end = last + 1;
  return last >= interval.first;
}

void append_intervals(std::string& out, const std::vector<MysqlGtidSet::Interval>& intervals) {
  for (const MysqlGtidSet::Interval& interval : intervals) {
    out += ':';
    out += std::to_string(interval.first);
    if (interval.end == interval.first + 1) continue;
    out += '-';
    out += std::to_string(interval.end - 1);
  }
}

// What of `a` is not in `b`; both sorted and disjoint.
std::vector<MysqlGtidSet::Interval> difference(const std::vector<MysqlGtidSet::Interval>& a,
                                          const std::vector<MysqlGtidSet::Interval>& b) {
  std::vector<MysqlGtidSet::Interval> left;
  auto cut = b.begin();
  for (MysqlGtidSet::Interval interval : a) {
    while (cut != b.end() && cut->end <= interval.first) ++cut;
    for (auto it = cut; it != b.end() && it->first < interval.end; ++it) {
      if (it->first > interval.first) left.push_back({interval.first, it->first});
      interval.first = std::max(interval.first, it->end);
    }
    if (interval.first < interval.end) left.push_back(interval);
  }
  return left;
}

}  // namespace

std::string uuid_text(const Uuid& uuid) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[uuid[i] >> 4];
    text += digits[uuid[i] & 15];
  }
  return text;
}

Result<Uuid> parse_uuid(std::string_view text) {
  Uuid uuid;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int value = hex_digit(c);
    if (value < 0 || digits == 32) return malformed(text);
    std::uint8_t& byte = uuid[digits / 2];
    byte = static_cast<std::uint8_t>(digits % 2 == 0 ? value << 4 : byte | value);
    ++digits;
  }
  if (digits != 32) return malformed(text);
  return uuid;
}

bool is_gtid_tag(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && text.size() <= longest_tag && letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string MysqlGtid::text() const {
  std::string out = uuid_text(source.uuid);
  if (!source.tag.empty()) out += ":" + source.tag;
  return out + ":" + std::to_string(number);
}

Result<MysqlGtidSet> MysqlGtidSet::parse(std::string_view text) {
  MysqlGtidSet set;
  while (!trimmed(text).empty()) {
    std::string_view rest = next_part(text, ',');
    if (rest.empty()) continue;  // the server itself allows empty entries
    const std::string_view whole = rest;
    GtidSource source;
    TAILRACE_ASSIGN(source.uuid, parse_uuid(next_part(rest, ':')));
    if (rest.empty()) return malformed(whole);
    while (!rest.empty()) {
      const std::string_view part = next_part(rest, ':');
      Interval interval{};
      if (parse_interval(part, interval)) {
        set.add(source, interval);
      } else if (std::string tag = in_lower_case(part); is_gtid_tag(tag) && !rest.empty()) {
        source.tag = std::move(tag);
      } else {
        return malformed(whole);
      }
    }
  }
  return set;
}

void MysqlGtidSet::add(const GtidSource& source, Interval interval) {
  if (interval.first >= interval.end) return;
  std::vector<Interval>& intervals = sets_[source];
  if (!intervals.empty() && intervals.back().first <= interval.first) {
    if (intervals.back().end >= interval.first) {  // the usual case: the next number
      intervals.back().end = std::max(intervals.back().end, interval.end);
      return;
    }
    intervals.push_back(interval);
    return;
  }
  const auto first =
      std::lower_bound(intervals.begin(), intervals.end(), interval,
                       [](const Interval& a, const Interval& b) { return a.end < b.first; });
  auto last = first;
  while (last != intervals.end() && last->first <= interval.end) {
    interval.first = std::min(interval.first, last->first);
    interval.end = std::max(interval.end, last->end);
    ++last;
  }
  intervals.insert(intervals.erase(first, last), interval);
}

void MysqlGtidSet::add(const MysqlGtidSet& other) {
  for (const auto& [source, intervals] : other.sets_) {
    for (const Interval& interval : intervals) add(source, interval);
  }
}

bool MysqlGtidSet::contains(const MysqlGtid& gtid) const {
  const auto found = sets_.find(gtid.source);
  if (found == sets_.end()) return false;
  const auto after = std::upper_bound(
      found->second.begin(), found->second.end(), gtid.number,
      [](std::int64_t number, const Interval& interval) { return number < interval.first; });
  return after != found->second.begin() && gtid.number < std::prev(after)->end;
}

bool MysqlGtidSet::contains(const MysqlGtidSet& other) const { return other.minus(*this).empty(); }

MysqlGtidSet MysqlGtidSet::minus(const MysqlGtidSet& other) const {
  MysqlGtidSet result;
  for (const auto& [source, intervals] : sets_) {
    const auto found = other.sets_.find(source);
    auto left = found == other.sets_.end() ? intervals : difference(intervals, found->second);
    if (!left.empty()) result.sets_.emplace(source, std::move(left));
  }
  return result;
}

std::int64_t MysqlGtidSet::size() const {
  std::int64_t size = 0;
  for (const auto& [source, intervals] : sets_) {
    for (const Interval& interval : intervals) size += interval.end - interval.first;
  }
  return size;
}

std::string MysqlGtidSet::text() const {
  std::string out;
  const Uuid* uuid = nullptr;
  for (const auto& [source, intervals] : sets_) {
    if (uuid == nullptr || *uuid != source.uuid) {
      if (uuid != nullptr) out += ',';
      out += uuid_text(source.uuid);
      uuid = &source.uuid;
    }
    if (!source.tag.empty()) out += ":" + source.tag;
    append_intervals(out, intervals);
  }
  return out;
}

// Plain: u64 count; per source uuid[16], u64 n, n × (first i64, end i64). With a tag anywhere
// (MySQL 8.3): the first eight bytes are 01, count u48, 01, and a tag follows each uuid, its length
// as a serialized varint (one byte: length × 2).
std::string MysqlGtidSet::encode() const {
  const bool tagged = std::any_of(sets_.begin(), sets_.end(),
                                  [](const auto& entry) { return !entry.first.tag.empty(); });
  const std::uint64_t count = sets_.size();
  std::string out;
  append_fixed<std::uint64_t>(out, tagged ? (std::uint64_t{1} << 56 | count << 8 | 1) : count);
  for (const auto& [source, intervals] : sets_) {
    out.append(reinterpret_cast<const char*>(source.uuid.data()), source.uuid.size());
    if (tagged) {
      out.push_back(static_cast<char>(source.tag.size() * 2));
      out += source.tag;
    }
    append_fixed<std::uint64_t>(out, intervals.size());
    for (const Interval& interval : intervals) {
      append_fixed(out, interval.first);
      append_fixed(out, interval.end);
    }
  }
  return out;
}

}  // namespace tailrace
