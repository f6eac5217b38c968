// Prints every write: {"id":…,"version":…,"deleted":…,"body":{…}}, one line each, for a first look.
// Keeps nothing: every start is a new, empty place.
// Threading: one call at a time per sink.
#pragma once

#include <cstdio>
#include <memory>

#include "sinks/document_sink.hpp"
#include "sinks/sink_spec.hpp"

namespace tailrace::sinks {

// `out` is not owned and outlives the sink. pretty: indented, several lines a write.
Result<std::unique_ptr<DocumentSink>> open_stdout_sink(StdoutOptions options,
                                                       std::FILE* out = stdout);

}  // namespace tailrace::sinks
