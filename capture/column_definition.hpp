// One column of CREATE TABLE or ALTER TABLE: `name type attribute…`, as MySQL and MariaDB write it.
// Source: MySQL 9 manual "CREATE TABLE Statement", MariaDB "CREATE TABLE".
// Threading: free functions.
#pragma once

#include <optional>
#include <string>

#include "capture/column_charset.hpp"
#include "capture/sql_cursor.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

struct ColumnDefinition {
  Column column;  // charset and collation are empty where the definition does not say
  bool primary_key = false;
};

// Reads the definition and stops at what is behind it: a comma, a bracket, the end, FIRST or AFTER.
// nullopt: not a definition that is known here; the cursor's place is then of no use.
std::optional<ColumnDefinition> read_column_definition(SqlCursor& in, bool mariadb);

// [DEFAULT] CHARACTER SET x or COLLATE y among the options of a table or database; false: neither
// is next.
bool take_charset_option(SqlCursor& in, DefaultCharset& charset);

}  // namespace tailrace::capture
