// Documents in a table of a SQLite file, with a full-text index beside it (layout.hpp).
// Several sinks may share one file; readers work while it is written.
// Threading: one call at a time per sink.
#pragma once

#include <memory>

#include "sinks/document_sink.hpp"
#include "sinks/sqlite/sqlite_options.hpp"

namespace tailrace::sinks {

// Checks the options only; DocumentSink::open() opens the file and creates what is missing.
Result<std::unique_ptr<DocumentSink>> open_sqlite_sink(SqliteOptions options);

}  // namespace tailrace::sinks
