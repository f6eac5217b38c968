// Character sets of columns as statements name them.
// Threading: free functions.
#pragma once

#include <string>

#include "core/table_schema.hpp"

namespace tailrace::capture {

// Where strings without a character set of their own get theirs.
struct DefaultCharset {
  std::string charset;
  std::string collation;  // may be empty: the character set's default
};

bool has_charset(ColumnKind kind);

// Gives a column without a character set of its own the table's; BINARY as one makes bytes of it.
void settle_charset(ColumnType& type, const DefaultCharset& table);
// What the column becomes by CONVERT TO CHARACTER SET.
void convert_charset(ColumnType& type, const DefaultCharset& to);

// "utf8mb4_0900_ai_ci" → "utf8mb4"; `known` where the collation's name does not tell (MariaDB's
// uca1400_ai_ci).
std::string charset_of_collation_name(const std::string& collation, const std::string& known);
// "utf8" is utf8mb3 since it has that name.
std::string charset_name(std::string name);

}  // namespace tailrace::capture
