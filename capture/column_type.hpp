// A column's type from information_schema's words for it.
// Threading: free functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/table_schema.hpp"

namespace tailrace::capture {

// One row of information_schema.columns, as text; empty where NULL.
struct ColumnWords {
  std::string data_type;    // "bigint"
  std::string column_type;  // "bigint(20) unsigned"
  std::string charset;
  std::string collation;
  std::string character_length;
  std::string precision;
  std::string scale;
  std::string fraction_digits;
  bool nullable = true;
};

ColumnType column_type(const ColumnWords& words);
// "bigint" → bigint; nullopt for a word that is no type of information_schema.
std::optional<ColumnKind> column_kind(std::string_view data_type);

// "enum('a','b''c')" → a, b'c.
std::vector<std::string> type_members(std::string_view column_type);

// The name that looks most like `wanted`, if one does.
std::optional<std::string> nearest_name(std::string_view wanted,
                                        const std::vector<std::string>& names);

}  // namespace tailrace::capture
