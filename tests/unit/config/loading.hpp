// Loads pipeline texts for tests, with an environment of their own.
// Threading: pure functions.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/loader.hpp"

namespace tailrace::config {

using Variables = std::map<std::string, std::string>;

inline LoadRequest request_of(std::string text,
                              Variables variables = {{"MYSQL_PASSWORD", "s3cret"}}) {
  LoadRequest request;
  request.file = "orders.yaml";
  request.text = std::move(text);
  request.environment = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  return request;
}

inline LoadResult load_text(std::string text) { return load_pipeline(request_of(std::move(text))); }

inline std::string read_text(const std::string& path) {
  std::ifstream in(std::string(TAILRACE_SOURCE_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Lines 1 to 9: a file without mistakes, to which a test adds the part it is about.
inline const std::string kHead =
    "tailrace: 1\n"
    "name: shop\n"
    "source:\n"
    "  mysql:\n"
    "    user: tailrace\n"
    "    password: { env: MYSQL_PASSWORD }\n"
    "    shards: { s0: 127.0.0.1:3306/shop }\n"
    "tables:\n"
    "  orders:\n";

// "E0201 10:3" of every problem.
inline std::vector<std::string> places(const LoadResult& loaded) {
  std::vector<std::string> out;
  for (const Problem& problem : loaded.problems) {
    out.push_back(problem.code + " " + std::to_string(problem.line) + ":" +
                  std::to_string(problem.column));
  }
  return out;
}

inline std::string all_text(const LoadResult& loaded) {
  return render_all(loaded.problems, {false, 100});
}

}  // namespace tailrace::config
