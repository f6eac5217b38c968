#include "app/command_line.hpp"

#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "app/verbs/verb.hpp"

namespace tailrace::app {
namespace {

struct Registered {
  std::unique_ptr<Verb> verb;
  CLI::App* command;
};

std::vector<std::unique_ptr<Verb>> all_verbs() {
  std::vector<std::unique_ptr<Verb>> verbs;
  verbs.push_back(run_verb());
  verbs.push_back(validate_verb());
  verbs.push_back(status_verb());
  verbs.push_back(pause_verb());
  verbs.push_back(resume_verb());
  verbs.push_back(snapshot_verb());
  verbs.push_back(get_verb());
  verbs.push_back(search_verb());
  verbs.push_back(binlog_verb());
  verbs.push_back(replay_verb());
  verbs.push_back(schema_verb());
  verbs.push_back(version_verb());
  return verbs;
}

bool wants_color(bool refused) {
  const char* no_color = std::getenv("NO_COLOR");
  return !refused && (no_color == nullptr || *no_color == '\0') && isatty(STDERR_FILENO) == 1;
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App program("Changes in MySQL become searchable documents.", "tailrace");
  program.require_subcommand(1);
  program.set_version_flag("--version", "tailrace " TAILRACE_VERSION);
  Output output;
  bool no_color = false;
  std::vector<Registered> registered;
  for (std::unique_ptr<Verb>& verb : all_verbs()) {
    const VerbInfo info = verb->info();
    CLI::App* command = program.add_subcommand(info.name, info.description);
    command->footer("Examples:\n" + info.examples);
    command->add_flag("--json", output.json, "For programs, on standard output");
    command->add_flag("--quiet", output.quiet, "Results and errors only");
    command->add_flag("--no-color", no_color, "Plain text");
    verb->declare(*command);
    registered.push_back({std::move(verb), command});
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kOk : kUsage;
  }
  output.color = wants_color(no_color);
  for (const Registered& one : registered) {
    if (one.command->parsed()) return one.verb->run(output);
  }
  return kUsage;
}

}  // namespace tailrace::app
