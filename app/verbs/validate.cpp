// tailrace validate FILE: every problem of a pipeline file at once, offline.
#include <fmt/format.h>

#include <cstdio>

#include "app/verbs/verb.hpp"
#include "config/loader.hpp"
#include "core/json_writer.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t kMostProblems = 20;

void print(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string as_json(const config::LoadResult& loaded, bool valid) {
  std::string out = fmt::format("{{\"valid\":{},\"summary\":", valid);
  append_json_string(out, loaded.spec ? config::summary(*loaded.spec) : "");
  out += ",\"problems\":[";
  const std::size_t shown = std::min(kMostProblems, loaded.problems.size());
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += ",";
    config::append_json(out, loaded.problems[i]);
  }
  out += fmt::format("],\"more\":{}}}\n", loaded.problems.size() - shown);
  return out;
}

class Validate final : public Verb {
 public:
  VerbInfo info() const override {
    return {
        "validate", "Check a pipeline file, without asking any server",
        "  tailrace validate pipeline.yaml\n"
        "  tailrace validate pipeline.yaml --strict        warnings and missing variables count\n"
        "  tailrace validate pipeline.yaml --json | jq .problems"};
  }

  void declare(CLI::App& command) override {
    command.add_option("file", request_.file, "The pipeline file")->required();
    command.add_flag("--strict", strict_,
                     "Warnings, and variables that are not set, count as errors");
    command.add_option("--set", request_.overrides, "Lay a value over the file: key=value")
        ->allow_extra_args(false);
  }

  int run(const Output& output) override {
    request_.require_environment = strict_;
    const config::LoadResult loaded = config::load_pipeline(request_);
    const bool valid = loaded.spec.has_value() && (!strict_ || loaded.problems.empty());
    if (output.json) {
      print(stdout, as_json(loaded, valid));
    } else {
      print(stderr, config::render_all(loaded.problems, {output.color, kMostProblems}));
      if (valid && !output.quiet) print(stdout, config::summary(*loaded.spec) + ": valid\n");
    }
    return valid ? kOk : kUsage;
  }

 private:
  config::LoadRequest request_;
  bool strict_ = false;
};

}  // namespace

std::unique_ptr<Verb> validate_verb() { return std::make_unique<Validate>(); }

}  // namespace tailrace::app
