// A verb of the command line: `tailrace <verb>`. One file per verb; app/command_line lists them.
// Threading: main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/exit_code.hpp"

namespace tailrace::app {

// Options that every verb has.
struct Output {
  bool json = false;   // for programs, on standard output
  bool quiet = false;  // results and errors only
  bool color = false;  // standard error is a terminal and nobody said no
};

struct VerbInfo {
  std::string name;         // "validate"
  std::string description;  // one line
  std::string examples;     // shown below the options in --help
};

class Verb {
 public:
  virtual ~Verb() = default;
  virtual VerbInfo info() const = 0;
  // Adds the verb's own options; they are filled before run.
  virtual void declare(CLI::App& command) = 0;
  // Returns the exit code. Does not throw.
  virtual int run(const Output& output) = 0;
};

std::unique_ptr<Verb> run_verb();
std::unique_ptr<Verb> validate_verb();
std::unique_ptr<Verb> schema_verb();
std::unique_ptr<Verb> get_verb();
std::unique_ptr<Verb> search_verb();
std::unique_ptr<Verb> status_verb();
std::unique_ptr<Verb> pause_verb();
std::unique_ptr<Verb> resume_verb();
std::unique_ptr<Verb> snapshot_verb();
std::unique_ptr<Verb> binlog_verb();
std::unique_ptr<Verb> replay_verb();
std::unique_ptr<Verb> version_verb();

}  // namespace tailrace::app
