// Requests to a running pipeline's API, with its token.
// Threading: free functions, any thread; they block for some seconds at most.
#pragma once

#include <string>

#include "config/pipeline_spec.hpp"
#include "core/result.hpp"

namespace tailrace::app {

// `method`: GET, POST or DELETE; `target`: path and query, percent-encoded. The answer's JSON.
// Error retry "status.unreachable": it does not run here. Error halt "serve.token": there is no
// token to show. Error halt, or retry where it may pass, with the server's code: it refuses.
Result<std::string> ask(const config::PipelineSpec& spec, const std::string& method,
                        const std::string& target);

}  // namespace tailrace::app
