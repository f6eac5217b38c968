// --schema: definitions of tables from a file of statements or from a server.
// Threading: free functions.
#pragma once

#include <string>

#include "capture/schema_catalog.hpp"
#include "core/result.hpp"

namespace tailrace::app {

// Error halt file.open, schema.no_tables, url.malformed, source.*.
Result<capture::SchemaCatalog> read_given_schema(const std::string& place);

}  // namespace tailrace::app
