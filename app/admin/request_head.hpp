// Looks at the head of a request (request line and header lines) before anything parses it, so that
// what two parsers could read differently never gets in (request smuggling, folded lines, NUL).
// Threading: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "app/admin/http_message.hpp"

namespace tailrace::app {

struct HeadLimits {
  std::size_t head_bytes = 16u << 10;
  std::size_t line_bytes = 8000;      // below httplib's own limit of a header line and of a URI
  std::size_t body_bytes = 1u << 20;  // announced; no endpoint reads a body
};

// Length of the head with its empty line; nullopt: not complete yet.
std::optional<std::size_t> head_length(std::string_view received);

// Checks a complete head and drops the fields that no endpoint honours and that would make the
// parser work for nothing (Range, Expect). nullopt: fine.
std::optional<HttpProblem> clean_head(std::string& head, const HeadLimits& limits);

}  // namespace tailrace::app
