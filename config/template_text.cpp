#include "config/template_text.hpp"

#include <fmt/format.h>

namespace tailrace::config {

TemplateText parse_template(std::string_view text) {
  TemplateText out;
  const auto fail = [&](std::size_t at, std::size_t length, std::string message) {
    out.error = TemplateError{at, length, std::move(message)};
    return out;
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '}') return fail(at, 1, "a '}' closes nothing");
    if (text[at] != '{') {
      out.literals += text[at++];
      continue;
    }
    const std::size_t end = text.find_first_of("{}", at + 1);
    if (end == std::string_view::npos || text[end] == '{') {
      return fail(at, text.size() - at, "a '{' is never closed");
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    const bool blank = name.empty() || name.front() == ' ' || name.back() == ' ';
    if (blank) {
      return fail(at, end + 1 - at, fmt::format("'{{{}}}' names no column", name));
    }
    out.placeholders.emplace_back(name);
    at = end + 1;
  }
  return out;
}

}  // namespace tailrace::config
