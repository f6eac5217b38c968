// The error of a plan that cannot be compiled. Threading: free function.
#pragma once

#include <string>

#include "core/result.hpp"

namespace tailrace::transform {

// `path` names the place in the document (`documents.order.children.items.on`).
inline Failure plan_error(const std::string& path, const std::string& message) {
  return halt("plan.invalid", path + ": " + message);
}

}  // namespace tailrace::transform
