// Which changes of a binlog somebody asked for: by database, table and transaction.
// Threading: immutable once made.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/gtid_set.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

class ChangeSelection {
 public:
  // Empty lists select everything. A table is `table` or `database.table`. `gtids`: a set as MySQL
  // writes it, or MariaDB's own, each written out: 0-1-27,0-1-28. Error gtid.malformed.
  static Result<ChangeSelection> make(std::vector<std::string> databases,
                                      std::vector<std::string> tables, std::string_view gtids);

  bool has_table(std::string_view database, std::string_view table) const;
  // A statement that names no table: only where no table was asked for.
  bool has_database(std::string_view database) const;
  bool has_transaction(const Gtid& gtid) const;
  bool has_transaction(std::string_view mariadb_gtid) const;
  // Nothing was asked for by GTID; otherwise what has none is left out.
  bool has_transactions_without_gtid() const { return !by_gtid_; }

 private:
  std::vector<std::string> databases_;
  std::vector<std::string> tables_;
  bool by_gtid_ = false;
  GtidSet gtids_;
  std::set<std::string, std::less<>> mariadb_gtids_;
};

}  // namespace tailrace::capture
