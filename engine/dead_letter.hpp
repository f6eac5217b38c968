// A value on the pipeline's topic of dead letters (docs/formats/events.md).
// Threading: free function.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/json_writer.hpp"
#include "core/result.hpp"

namespace tailrace::engine {

// `about`: members that say what was set aside, in order.
inline std::string dead_letter_json(
    std::string_view stage, const Error& error,
    std::initializer_list<std::pair<std::string_view, std::string_view>> about) {
  std::string value = "{\"stage\":";
  append_json_string(value, stage);
  value += ",\"code\":";
  append_json_string(value, error.code);
  value += ",\"reason\":";
  append_json_string(value, error.message);
  for (const auto& [name, text] : about) {
    value += ",\"";
    value += name;
    value += "\":";
    append_json_string(value, text);
  }
  value += '}';
  return value;
}

}  // namespace tailrace::engine
