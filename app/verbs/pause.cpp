// tailrace pause and tailrace resume: clients of the running pipeline's API.
#include <fmt/format.h>

#include "app/admin/admin_client.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"

namespace tailrace::app {
namespace {

class Switch final : public Verb {
 public:
  explicit Switch(bool pauses) : pauses_(pauses) {}

  VerbInfo info() const override {
    if (pauses_) {
      return {"pause", "Hold part of the running pipeline back",
              "  tailrace pause --fan-out\n"
              "  tailrace pause --fan-out --set state.dir=/var/lib/tailrace/worker-2"};
    }
    return {"resume", "Let go on what was paused", "  tailrace resume --fan-out"};
  }

  void declare(CLI::App& command) override {
    command
        .add_flag("--fan-out", fan_out_,
                  "Documents that follow changed lookup rows; other changes are not held back")
        ->required();
    pipeline_.declare(command);
  }

  int run(const Output& output) override {
    const auto spec = pipeline_.load(output);
    if (!spec) return kUsage;
    const auto answer =
        ask(*spec, "POST", fmt::format("/v1/{}?what=fanout", pauses_ ? "pause" : "resume"));
    if (!answer) {
      const bool away = answer.error().disposition == Disposition::retry;
      return complain(answer.error().message, away ? kEnvironment : kFailed);
    }
    if (output.json) {
      print_out(*answer);
    } else if (!output.quiet) {
      print_out(pauses_ ? "The fan-out is paused until: tailrace resume --fan-out, or until this "
                          "process ends.\n"
                        : "The fan-out goes on.\n");
    }
    return kOk;
  }

 private:
  const bool pauses_;
  bool fan_out_ = false;
  PipelineOption pipeline_;
};

}  // namespace

std::unique_ptr<Verb> pause_verb() { return std::make_unique<Switch>(true); }
std::unique_ptr<Verb> resume_verb() { return std::make_unique<Switch>(false); }

}  // namespace tailrace::app
