// Asks a running pipeline for its status over HTTP.
// Threading: free functions, any thread; they block for some seconds at most.
#pragma once

#include <string>

#include "app/admin/status_report.hpp"
#include "config/pipeline_spec.hpp"
#include "core/result.hpp"

namespace tailrace::app {

struct StatusAnswer {
  std::string json;  // as it came, one line
  StatusReport report;
};

// Where the pipeline answers: state.dir/admin.json, else serve.listen.
// Error retry "status.unreachable": not known, because it does not run.
Result<std::string> find_server(const config::PipelineSpec& spec);

// Error retry "status.unreachable": nobody answers, or not this pipeline.
Result<StatusAnswer> fetch_status(const config::PipelineSpec& spec);

}  // namespace tailrace::app
