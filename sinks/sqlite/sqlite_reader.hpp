// Reads the documents of a SQLite sink, also while the pipeline writes them.
// A word matches every word that starts with it, in any case and without accents; a word with
// punctuation ("2026-11-20") matches its parts side by side.
// Threading: one call at a time per reader.
#pragma once

#include <memory>

#include "sinks/document_sink.hpp"
#include "sinks/sqlite/sqlite_options.hpp"

namespace tailrace::sinks {

// Opens the file read-only. Error halt "sqlite.not_there": no such file or document type yet.
Result<std::unique_ptr<DocumentReader>> open_sqlite_reader(SqliteOptions options);

}  // namespace tailrace::sinks
