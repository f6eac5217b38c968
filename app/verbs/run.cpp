// tailrace run: the pipeline itself.
#include "app/pipeline_run.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "app/wiring.hpp"
#include "config/loader.hpp"

namespace tailrace::app {

namespace {

class RunVerb final : public Verb {
 public:
  VerbInfo info() const override {
    return {"run", "Run a pipeline",
            "tailrace run pipeline.yaml\n"
            "tailrace run pipeline.yaml --until now\n"
            "tailrace run pipeline.yaml --role project --set state.dir=/var/lib/tailrace/worker-2"};
  }

  void declare(CLI::App& command) override {
    command.add_option("pipeline", file_, "The pipeline file")->capture_default_str();
    command.add_option("--role", role_, "What this process does")
        ->check(CLI::IsMember({"all", "capture", "project"}))
        ->capture_default_str();
    command.add_option("--until", until_,
                       "Stop when everything up to there is in every sink: now, or gtid:<set>");
    command.add_option("--set", overrides_, "Override a key of the file: state.dir=/x");
    command
        .add_option("--drain", drain_s_, "Seconds to wait for the sinks when asked to stop")
        ->capture_default_str();
  }

  int run(const Output& output) override {
    const config::LoadResult loaded =
        config::load_pipeline({.file = file_, .overrides = overrides_});
    RunOptions options;
    options.capture = role_ != "project";
    options.project = role_ != "capture";
    options.until_now = until_ == "now";
    options.drain = std::chrono::seconds(drain_s_);
    if (!until_.empty() && !options.until_now) {
      const auto set = GtidSet::parse(until_.starts_with("gtid:") ? until_.substr(5) : "?");
      if (!set) {
        return complain("--until takes 'now' or 'gtid:<set>': " + set.error().message, kUsage);
      }
      if (loaded.spec && shards_of(*loaded.spec).size() > 1) {
        return complain(
            "--until gtid:<set> is a place in one server's history, and this pipeline "
            "has several shards: --until now",
            kUsage);
      }
      options.until = *set;
    }
    return run_pipeline(loaded, std::move(options), output);
  }

 private:
  std::string file_ = "pipeline.yaml";
  std::string role_ = "all";
  std::string until_;
  std::vector<std::string> overrides_;
  int drain_s_ = 30;
};

}  // namespace

std::unique_ptr<Verb> run_verb() { return std::make_unique<RunVerb>(); }

}  // namespace tailrace::app
