// One column of CREATE TABLE or ALTER TABLE: `name type attribute…`, as MySQL and MariaDB write it.
// Source: MySQL 9 manual "CREATE TABLE Statement", MariaDB "CREATE TABLE".
// Threading: free functions.
#pragma once

#include <optional>
#include <string>

#include "capture/sql_cursor.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

struct ColumnDefinition {
  Column column;  // charset and collation are empty where the definition does not say
  bool primary_key = false;
};

// Where strings without a character set of their own get theirs.
struct DefaultCharset {
  std::string charset;
  std::string collation;  // may be empty: the character set's default
};

// Reads the definition and stops at what is behind it: a comma, a bracket, the end, FIRST or AFTER.
// nullopt: not a definition that is known here; the cursor's place is then of no use.
std::optional<ColumnDefinition> read_column_definition(SqlCursor& in, bool mariadb);

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
