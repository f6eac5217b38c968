// Which tables of the server the pipeline maps, found by name.
// Threading: immutable once built.
#pragma once

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/table_schema.hpp"

namespace tailrace::capture {

class MappedTables {
 public:
  MappedTables() = default;
  // `ignore_case`: the server compares table names that way (lower_case_table_names is not 0).
  MappedTables(std::vector<TableId> tables, bool ignore_case)
      : tables_(std::move(tables)), ignore_case_(ignore_case) {}

  const std::vector<TableId>& tables() const { return tables_; }

  // The index of the table in tables(); the exact name wins.
  std::optional<std::size_t> find(std::string_view database, std::string_view table) const {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (tables_[i].table == table && tables_[i].database == database) return i;
    }
    if (!ignore_case_) return std::nullopt;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (same(tables_[i].table, table) && same(tables_[i].database, database)) return i;
    }
    return std::nullopt;
  }

 private:
  bool same(std::string_view a, std::string_view b) const {
    if (a.size() != b.size()) return false;
    if (!ignore_case_) return a == b;
    return std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
      return std::tolower(static_cast<unsigned char>(x)) ==
             std::tolower(static_cast<unsigned char>(y));
    });
  }

  std::vector<TableId> tables_;
  bool ignore_case_ = false;
};

}  // namespace tailrace::capture
