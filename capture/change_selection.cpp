#include "capture/change_selection.hpp"

#include <algorithm>

namespace tailrace::capture {

namespace {

// Three numbers with dashes between: domain-server-sequence. A server's uuid has letters or five
// parts, and a colon behind it.
bool is_mariadb_gtid(std::string_view text) {
  return !text.empty() && std::count(text.begin(), text.end(), '-') == 2 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_one_of(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<ChangeSelection> ChangeSelection::make(std::vector<std::string> databases,
                                              std::vector<std::string> tables,
                                              std::string_view gtids) {
  ChangeSelection selection;
  selection.databases_ = std::move(databases);
  selection.tables_ = std::move(tables);
  selection.by_gtid_ = !without_blanks(gtids).empty();
  std::string mysql;
  while (!gtids.empty()) {
    const std::size_t comma = gtids.find(',');
    const std::string_view one = without_blanks(gtids.substr(0, comma));
    if (is_mariadb_gtid(one)) {
      selection.mariadb_gtids_.emplace(one);
    } else {
      mysql.append(one).append(",");
    }
    gtids.remove_prefix(comma == std::string_view::npos ? gtids.size() : comma + 1);
  }
  TAILRACE_ASSIGN(selection.gtids_, GtidSet::parse(mysql));
  return selection;
}

bool ChangeSelection::has_table(std::string_view database, std::string_view table) const {
  if (!databases_.empty() && !is_one_of(databases_, database)) return false;
  return tables_.empty() || std::any_of(tables_.begin(), tables_.end(), [&](std::string_view one) {
           if (one == table) return true;  // also where the name itself has a dot
           return one.size() == database.size() + 1 + table.size() && one.starts_with(database) &&
                  one[database.size()] == '.' && one.ends_with(table);
         });
}

bool ChangeSelection::has_database(std::string_view database) const {
  return tables_.empty() && (databases_.empty() || is_one_of(databases_, database));
}

bool ChangeSelection::has_transaction(const Gtid& gtid) const {
  return !by_gtid_ || gtids_.contains(gtid);
}

bool ChangeSelection::has_transaction(std::string_view mariadb_gtid) const {
  return !by_gtid_ || mariadb_gtids_.contains(mariadb_gtid);
}

}  // namespace tailrace::capture
