#include "app/verbs/pipeline_option.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "config/loader.hpp"

namespace tailrace::app {

int complain(const std::string& message, int code) {
  fmt::print(stderr, "tailrace: {}\n", message);
  return code;
}

void print_out(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void PipelineOption::declare(CLI::App& command) {
  command.add_option("--pipeline", file_, "The pipeline file")->capture_default_str();
  command.add_option("--set", overrides_, "Lay a value over the file: key=value")
      ->allow_extra_args(false);
}

std::optional<config::PipelineSpec> PipelineOption::load(const Output& output) {
  config::LoadResult loaded =
      config::load_pipeline({.file = file_, .overrides = overrides_, .require_environment = false});
  if (!loaded.spec) {
    fmt::print(stderr, "{}", config::render_all(loaded.problems, {output.color, 20}));
    return std::nullopt;
  }
  if (loaded.spec->state_dir.empty()) {
    complain("state.dir depends on a variable that is not set; set it as for 'tailrace run'",
             kUsage);
    return std::nullopt;
  }
  // The source is not asked, so what it lacks explains nothing here.
  std::erase_if(loaded.problems, [](const config::Problem& problem) {
    return problem.path.starts_with("source");
  });
  warnings_ = std::move(loaded.problems);
  return std::move(loaded.spec);
}

int PipelineOption::report(const Error& error, const Output& output) const {
  if (error.code == "reader.usage") return complain(error.message, kUsage);
  if (!output.quiet && !warnings_.empty()) {
    fmt::print(stderr, "{}", config::render_all(warnings_, {output.color, 20}));
  }
  return complain(fmt::format("{} [{}]", error.message, error.code), kEnvironment);
}

}  // namespace tailrace::app
