// Pauses and resumes parts of a running pipeline over HTTP.
// Threading: free functions, any thread; they block for some seconds at most.
#pragma once

#include <string>
#include <string_view>

#include "config/pipeline_spec.hpp"
#include "core/result.hpp"

namespace tailrace::app {

// POST /v1/{verb}?what={what} with the pipeline's token; the answer, one line of JSON.
// Error retry "status.unreachable": it does not run here. Error halt "serve.token": there is no
// token to show. Error halt with the server's code: it refuses.
Result<std::string> ask_to(const config::PipelineSpec& spec, std::string_view verb,
                           std::string_view what);

}  // namespace tailrace::app
