// Invariants that stay on in release: a broken one ends the process with its place.
// State survives (write-ahead logs and log transactions), so stopping is safe and going on is not.
#pragma once

namespace tailrace {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}  // namespace tailrace

#define TAILRACE_ASSERT(expression)                     \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::tailrace::assertion_failed(#expression, __FILE__, __LINE__))
