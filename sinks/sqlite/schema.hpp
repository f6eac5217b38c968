// Creates and checks the tables of one document type in a SQLite file (layout.hpp).
// Threading: as the connection.
#pragma once

#include <optional>
#include <string>

#include "sinks/document_sink.hpp"
#include "sinks/sqlite/database.hpp"

namespace tailrace::sinks {

// In one transaction. nullopt: no log's identity is known. Error halt "sqlite.foreign_table":
// a table of that name exists that is not ours. A full-text index that is missing or was made by
// another version is built again from the bodies, which takes a while.
Result<std::optional<LogIdentity>> create_schema(Database& database, const std::string& document);

}  // namespace tailrace::sinks
