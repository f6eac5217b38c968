#include "app/pipeline_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include "app/admin/http_server.hpp"
#include "app/exit_code.hpp"
#include "app/readers.hpp"
#include "app/state_directory.hpp"
#include "app/verbs/pipeline_option.hpp"
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
                           starts("source.unreachable") || starts("file.");
  return environment ? kEnvironment : kFailed;
}

int report_problems(const std::vector<config::Problem>& problems, const Output& output) {
  const std::string text = config::render_all(problems, {output.color, 20});
  std::fwrite(text.data(), 1, text.size(), stderr);
  return kUsage;
}

std::string_view role_of(const RunOptions& options) {
  if (options.replay) return "replay";
  if (!options.project) return "capture";
  return options.capture ? "all" : "project";
}

int tell(const RunOutcome& outcome, const RunOptions& options, const config::LoadResult& loaded,
         const Output& output) {
  if (outcome.error) {
    const int code = exit_code_of(*outcome.error);
    if (code == kUsage) return report_problems({loaded.locate(*outcome.error)}, output);
    return complain(fmt::format("{} [{}]", outcome.error->message, outcome.error->code), code);
  }
  if (outcome.dead_letters > 0) {
    const bool ends = options.until || options.until_now || options.replay;
    return complain(
        fmt::format("{} documents could not be written and are set aside as dead letters",
                    outcome.dead_letters),
        ends ? kFailed : kOk);
  }
  log_info("run.ended", {{"pipeline", loaded.spec->name}});
  return kOk;
}

int serve(const config::LoadResult& loaded, RunOptions options, const Output& output) {
  const config::PipelineSpec& spec = *loaded.spec;
  engine::StatusBoard board;
  engine::FanoutValve fanout_valve;
  options.fanout_valve = &fanout_valve;
  std::map<std::string, engine::ImportDesk, std::less<>> desks;
  if (options.capture && !options.replay) {
    for (const ShardPlace& place : shards_of(spec))
      options.imports[place.shard->name] = &desks[place.shard->name];
  }
  AdminOptions served = admin_options(spec);
  served.imports = options.imports;
  if (options.project) served.fanout_valve = &fanout_valve;
  const auto admin = AdminServer::start(
      std::move(served), board,
      [&spec](std::string_view document) { return open_reader(spec, std::string(document)); });
  if (!admin) return complain(admin.error().message, kEnvironment);
  log_info("run.started", {{"pipeline", spec.name},
                           {"role", std::string(role_of(options))},
                           {"status", (*admin)->url()}});
  Runner runner(spec, options, board);
  std::jthread watcher([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (signals_seen > 0) runner.request_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  return tell(runner.run(), options, loaded, output);
}

}  // namespace

int run_pipeline(const config::LoadResult& loaded, RunOptions options, const Output& output) {
  if (!loaded.spec) return report_problems(loaded.problems, output);
  const config::PipelineSpec& spec = *loaded.spec;
  configure_log(output.quiet ? LogLevel::warn : spec.log_level, spec.log_format);
  const auto lock = StateLock::take(spec.state_dir);
  if (!lock) return complain(lock.error().message, kEnvironment);
  catch_signals();
  return serve(loaded, std::move(options), output);
}

}  // namespace tailrace::app
