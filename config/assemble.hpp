// Draft → PipelineSpec: everything that was left out gets its value here.
// Threading: pure function.
#pragma once

#include <string>

#include "config/drafts.hpp"

namespace tailrace::config {

PipelineSpec assemble(PipelineDraft draft, std::string file);

}  // namespace tailrace::config
