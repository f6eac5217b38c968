// Asks a running pipeline to read roots again, over HTTP (app/admin/import_routes.hpp).
// Threading: free functions, any thread; they block for some seconds at most.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/pipeline_spec.hpp"
#include "core/result.hpp"

namespace tailrace::app {

// As many ids as one request can carry; the answer's JSON. Errors as ask() has them; retry
// import.full: many wait already.
Result<std::string> start_import(const config::PipelineSpec& spec, const std::string& document,
                                 const std::vector<std::string>& ids, const std::string& shard);
Result<std::string> list_imports(const config::PipelineSpec& spec);
Result<std::string> stop_import(const config::PipelineSpec& spec, std::uint64_t number,
                                const std::string& shard);

// The ids in lists that fit one request each.
std::vector<std::vector<std::string>> in_requests(const std::vector<std::string>& ids);

}  // namespace tailrace::app
