// MariaDB's global transaction ids, domain-server-sequence, and its positions: the last id of each
// domain stands for everything of that domain up to it, because the numbers of a domain rise
// whichever server it was that wrote (gtid_strict_mode holds servers to that).
// Text form as in @@gtid_binlog_pos: "0-1-270,1-3-12".
// Threading: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tailrace {

struct MariadbGtid {
  std::uint32_t domain = 0;
  std::uint32_t server = 0;    // where it was written first
  std::uint64_t sequence = 0;  // from 1

  std::string text() const;  // "0-1-270"
  friend bool operator==(const MariadbGtid&, const MariadbGtid&) = default;
};

class MariadbGtidSet {
 public:
  // Error gtid.malformed names the offending part. White space and empty entries are
  // allowed; a domain twice is not.
  static Result<MariadbGtidSet> parse(std::string_view text);

  // The id becomes the last of its domain.
  void add(const MariadbGtid& gtid) { last_[gtid.domain] = gtid; }
  void add(const MariadbGtidSet& other);

  bool empty() const { return last_.empty(); }
  // False also for the same number of another server: those are two histories.
  bool contains(const MariadbGtid& gtid) const;
  bool contains(const MariadbGtidSet& other) const { return other.minus(*this).empty(); }
  // The last ids that are not in `other`.
  MariadbGtidSet minus(const MariadbGtidSet& other) const;

  std::string text() const;
  friend bool operator==(const MariadbGtidSet&, const MariadbGtidSet&) = default;

 private:
  std::map<std::uint32_t, MariadbGtid> last_;  // by domain
};

}  // namespace tailrace
