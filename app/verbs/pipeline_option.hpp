// `--pipeline FILE` and `--set`, for verbs that look at what a pipeline has made.
// Threading: main thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/verbs/verb.hpp"
#include "config/pipeline_spec.hpp"
#include "config/problem.hpp"
#include "core/result.hpp"

namespace tailrace::app {

// One line on standard error; returns `code`.
int complain(const std::string& message, int code);
void print_out(const std::string& text);

class PipelineOption {
 public:
  void declare(CLI::App& command);
  // Prints the file's problems and gives nothing if there are errors. Variables that are not set
  // (the source's password) are no error here: what depends on them is blank.
  std::optional<config::PipelineSpec> load(const Output& output);
  // Prints an error of a sink or server, and what the file left blank, which may be why.
  int report(const Error& error, const Output& output) const;

 private:
  std::string file_ = "pipeline.yaml";
  std::vector<std::string> overrides_;
  std::vector<config::Problem> warnings_;
};

}  // namespace tailrace::app
