// Definitions of tables from a file of statements: what `mysqldump --no-data` writes, or people.
// USE, DELIMITER and comments are understood; what does not define tables is passed over.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/schema_catalog.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

// The statements of a script without what separates them.
std::vector<std::string_view> split_script(std::string_view script);

// Tables before the first USE have no database. Error halt schema.no_tables: it defines none.
Result<SchemaCatalog> read_schema_script(std::string_view script);
// The same of a file; its errors name it. Error halt file.open.
Result<SchemaCatalog> read_schema_file(const std::string& path);

}  // namespace tailrace::capture
