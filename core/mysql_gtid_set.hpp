// MySQL's global transaction ids, and sets of them: per server uuid (and tag) the intervals.
// Text form as the server writes it: "uuid:1-4:7:tag:1-2,uuid:1"; read also where a
// tag's part repeats its uuid.
// Threading: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tailrace {

using Uuid = std::array<std::uint8_t, 16>;

std::string uuid_text(const Uuid& uuid);  // lower case, with dashes
Result<Uuid> parse_uuid(std::string_view text);

// As servers write tags: a letter or _, then at most 31 of these and digits, in lower case.
bool is_gtid_tag(std::string_view text);

// Names one originating server and an optional tag ("" is no tag).
struct GtidSource {
  Uuid uuid{};
  std::string tag;
  friend auto operator<=>(const GtidSource&, const GtidSource&) = default;
};

struct MysqlGtid {
  GtidSource source;
  std::int64_t number = 0;  // 1 … 2^63-2

  std::string text() const;  // "uuid:5" or "uuid:tag:5"
};

class MysqlGtidSet {
 public:
  struct Interval {
    std::int64_t first;
    std::int64_t end;  // exclusive
    friend bool operator==(const Interval&, const Interval&) = default;
  };

  // Error gtid.malformed names the offending part. White space and line breaks are allowed.
  static Result<MysqlGtidSet> parse(std::string_view text);

  void add(const MysqlGtid& gtid) { add(gtid.source, {gtid.number, gtid.number + 1}); }
  void add(const GtidSource& source, Interval interval);
  void add(const MysqlGtidSet& other);

  bool empty() const { return sets_.empty(); }
  bool contains(const MysqlGtid& gtid) const;
  bool contains(const MysqlGtidSet& other) const;  // other ⊆ this
  MysqlGtidSet minus(const MysqlGtidSet& other) const;
  std::int64_t size() const;  // transactions

  std::string text() const;
  // Payload of COM_BINLOG_DUMP_GTID; the tagged form is used only where a tag exists.
  std::string encode() const;

  const std::map<GtidSource, std::vector<Interval>>& sources() const { return sets_; }
  friend bool operator==(const MysqlGtidSet&, const MysqlGtidSet&) = default;

 private:
  std::map<GtidSource, std::vector<Interval>> sets_;  // sorted, disjoint, not adjacent
};

}  // namespace tailrace
