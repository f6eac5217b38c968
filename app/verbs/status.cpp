// tailrace status: how the running pipeline is, asked over HTTP; waits for a status word.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "app/admin/status_client.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "config/units.hpp"

namespace tailrace::app {
namespace {

constexpr Milliseconds poll_interval{200};

// CLI11's form of a check: empty is fine, else what is wrong.
std::string check_duration(const std::string& text) {
  const auto parsed = config::parse_duration_ms(text);
  return parsed.value ? "" : fmt::format("{} {}", text, parsed.error.message);
}

class Status final : public Verb {
 public:
  VerbInfo info() const override {
    return {"status", "Tell how the running pipeline is",
            "  tailrace status\n"
            "  tailrace status --wait streaming --timeout 60s\n"
            "  tailrace status --json | jq -r .status"};
  }

  void declare(CLI::App& command) override {
    command.add_option("--wait", wait_, "Wait until the pipeline as a whole has this status")
        ->check(CLI::IsMember({"starting", "snapshotting", "catching_up", "streaming", "paused",
                               "degraded", "stopped"}));
    command.add_option("--timeout", timeout_, "How long to wait, with its unit")
        ->check(check_duration)
        ->capture_default_str();
    pipeline_.declare(command);
  }

  int run(const Output& output) override {
    const auto spec = pipeline_.load(output);
    if (!spec) return kUsage;
    auto answer = fetch_status(*spec);
    if (!wait_.empty()) answer = wait(*spec, std::move(answer));
    if (!answer) return complain(answer.error().message, kEnvironment);
    if (output.json) {
      print_out(answer->json);
    } else if (!output.quiet) {
      print_out(render_text(answer->report));
    }
    if (wait_.empty() || answer->report.status == wait_) return kOk;
    return complain(fmt::format("not {} within {}: {}", wait_, timeout_, sentence(answer->report)),
                    kFailed);
  }

 private:
  // The answer that has the word, or the last one before the time was over. A process that is
  // still starting does not answer at all: asked again too.
  Result<StatusAnswer> wait(const config::PipelineSpec& spec, Result<StatusAnswer> answer) const {
    const auto deadline =
        system_clock().now() + Milliseconds(config::parse_duration_ms(timeout_).value.value_or(0));
    while (!(answer && answer->report.status == wait_) && system_clock().now() < deadline) {
      std::this_thread::sleep_for(poll_interval);
      answer = fetch_status(spec);
    }
    return answer;
  }

  PipelineOption pipeline_;
  std::string wait_;
  std::string timeout_ = "60s";
};

}  // namespace

std::unique_ptr<Verb> status_verb() { return std::make_unique<Status>(); }

}  // namespace tailrace::app
