// tailrace run: the pipeline itself.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include "app/admin/http_server.hpp"
#include "app/readers.hpp"
#include "app/runner.hpp"
#include "app/state_directory.hpp"
#include "app/verbs/verb.hpp"
#include "config/loader.hpp"
#include "config/problem.hpp"
#include "core/log.hpp"

namespace tailrace::app {

namespace {

std::atomic<int> signals_seen{0};  // lock-free: safe in a signal handler

// The first asks for a graceful end; the second does not wait for it.
void on_signal(int number) {
  if (signals_seen++ > 0) _exit(128 + number);
}

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int exit_code_of(const Error& error) {
  const auto starts = [&](std::string_view prefix) { return error.code.starts_with(prefix); };
  if (starts("plan.") || starts("spec.")) return kUsage;
  const bool environment = starts("source.access") || starts("source.preflight") ||
                           starts("source.no_") || starts("state.") || starts("log.locked") ||
                           starts("source.unreachable");
  return environment ? kEnvironment : kFailed;
}

int report_problems(const std::vector<config::Problem>& problems, const Output& output) {
  const std::string text = config::render_all(problems, {output.color, 20});
  std::fwrite(text.data(), 1, text.size(), stderr);
  return kUsage;
}

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
        .add_option("--drain", drain_s_, "Seconds to finish what is under way when asked to stop")
        ->capture_default_str();
  }

  int run(const Output& output) override {
    const config::LoadResult loaded =
        config::load_pipeline({.file = file_, .overrides = overrides_});
    if (!loaded.spec) return report_problems(loaded.problems, output);
    const config::PipelineSpec& spec = *loaded.spec;
    configure_log(output.quiet ? LogLevel::warn : spec.log_level, spec.log_format);
    RunOptions options;
    options.capture = role_ != "project";
    options.project = role_ != "capture";
    options.until_now = until_ == "now";
    options.drain = std::chrono::seconds(drain_s_);
    if (!until_.empty() && !options.until_now) {
      const auto set = GtidSet::parse(until_.starts_with("gtid:") ? until_.substr(5) : "?");
      if (!set) return fail("--until takes 'now' or 'gtid:<set>': " + set.error().message, kUsage);
      options.until = *set;
    }
    const auto lock = StateLock::take(spec.state_dir);
    if (!lock) return fail(lock.error().message, kEnvironment);
    catch_signals();
    return serve(spec, options, output, loaded);
  }

 private:
  static int fail(const std::string& message, int code) {
    fmt::print(stderr, "tailrace: {}\n", message);
    return code;
  }

  int serve(const config::PipelineSpec& spec, const RunOptions& options, const Output& output,
            const config::LoadResult& loaded) {
    engine::StatusBoard board;
    const auto admin = AdminServer::start(
        admin_options(spec), board,
        [&spec](std::string_view document) { return open_reader(spec, std::string(document)); });
    if (!admin) return fail(admin.error().message, kEnvironment);
    log_info("run.started",
             {{"pipeline", spec.name}, {"role", role_}, {"status", (*admin)->url()}});
    Runner runner(spec, options, board);
    std::jthread watcher([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (signals_seen > 0) runner.request_stop();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    const RunOutcome outcome = runner.run();
    if (outcome.error) {
      const int code = exit_code_of(*outcome.error);
      if (code == kUsage) return report_problems({loaded.locate(*outcome.error)}, output);
      return fail(fmt::format("{} [{}]", outcome.error->message, outcome.error->code), code);
    }
    if (outcome.dead_letters > 0) {
      return fail(fmt::format("{} documents could not be written and are set aside as dead letters",
                              outcome.dead_letters),
                  options.until || options.until_now ? kFailed : kOk);
    }
    log_info("run.ended", {{"pipeline", spec.name}});
    return kOk;
  }

  std::string file_ = "pipeline.yaml";
  std::string role_ = "all";
  std::string until_;
  std::vector<std::string> overrides_;
  int drain_s_ = 30;
};

}  // namespace

std::unique_ptr<Verb> run_verb() { return std::make_unique<RunVerb>(); }

}  // namespace tailrace::app
