// Readers of the sinks that a pipeline file names: what get, search and the admin API read from.
// Threading: free function, any thread.
#pragma once

#include <memory>
#include <string>

#include "config/pipeline_spec.hpp"
#include "core/result.hpp"
#include "sinks/document_sink.hpp"

namespace tailrace::app {

// The reader of documents of type `document`, from the sink of that name; empty: from the first
// sink of the type that can be read.
// Error halt "reader.usage": no such type or sink, or it cannot be read; names what there is.
// Other errors are the sink's own: nothing there yet, unreachable.
Result<std::unique_ptr<sinks::DocumentReader>> open_reader(const config::PipelineSpec& spec,
                                                           const std::string& document,
                                                           const std::string& sink_name = {});

}  // namespace tailrace::app
