// Every code a pipeline file can meet, with what it means: `explain` and the reference page.
// Threading: constant.
#pragma once

#include <span>
#include <string_view>

namespace tailrace::config {

struct CodeInfo {
  std::string_view code;
  std::string_view title;
  std::string_view text;
};

std::span<const CodeInfo> codes();
// nullptr: there is no such code.
const CodeInfo* find_code(std::string_view code);

}  // namespace tailrace::config
