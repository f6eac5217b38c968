// The transactions of a source that were read, by their global ids: of MySQL a set of intervals,
// of MariaDB the last id of each domain. This is what is saved, compared, shown and resumed from;
// only capture/, which talks to the server, asks which of the two it is.
// Threading: plain values.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/mariadb_gtid_set.hpp"
#include "core/mysql_gtid_set.hpp"
#include "core/result.hpp"

namespace tailrace {

// The id of one transaction.
using Gtid = std::variant<MysqlGtid, MariadbGtid>;
std::string gtid_text(const Gtid& gtid);

class GtidSet {
 public:
  GtidSet() = default;
  GtidSet(MysqlGtidSet set) : set_(std::move(set)) {}
  GtidSet(MariadbGtidSet set) : set_(std::move(set)) {}

  // Either form; the empty text is the empty set of both. Error gtid.malformed names the part.
  static Result<GtidSet> parse(std::string_view text);

  // What is added is of the same flavour, or one of the two is empty: a source that changes its
  // flavour was refused before (its history does not hold what was read).
  void add(const Gtid& gtid);
  void add(const GtidSet& other);

  bool empty() const;
  bool contains(const Gtid& gtid) const;
  bool contains(const GtidSet& other) const;  // other ⊆ this
  GtidSet minus(const GtidSet& other) const;

  std::string text() const;

  // Null: it is of the other flavour. An empty set is of both.
  const MysqlGtidSet* mysql() const;
  const MariadbGtidSet* mariadb() const;

  friend bool operator==(const GtidSet& a, const GtidSet& b);

 private:
  std::variant<MysqlGtidSet, MariadbGtidSet> set_;
};

}  // namespace tailrace
