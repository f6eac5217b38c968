// A table with a column of every type, and rows with their edge values.
#pragma once

#include <string>
#include <vector>

namespace tailrace::capture::testing {

// CREATE TABLE and INSERTs for a table of this name.
std::vector<std::string> all_types_table(const std::string& table);
// The same of MariaDB, with the types that only it has.
std::vector<std::string> all_mariadb_types_table(const std::string& table);

}  // namespace tailrace::capture::testing
