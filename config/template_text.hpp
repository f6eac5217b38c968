// "shop.{country}.orders": text with placeholders that are filled per row.
// Threading: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::config {

struct TemplateError {
  std::size_t at = 0;  // bytes
  std::size_t length = 1;
  std::string message;
};

struct TemplateText {
  std::vector<std::string> placeholders;
  std::string literals;  // everything between them
  std::optional<TemplateError> error;
};

TemplateText parse_template(std::string_view text);

}  // namespace tailrace::config
