#include "core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace tailrace {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "tailrace: broken invariant at %s:%d: %s\n", file, line, expression);
  std::abort();
}

}  // namespace tailrace
