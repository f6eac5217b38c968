// tailrace snapshot: documents built again from the rows that the source has now, while the
// pipeline goes on. A client of the running pipeline's API.
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "app/admin/import_client.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "core/clock.hpp"

namespace tailrace::app {
namespace {

constexpr Milliseconds poll_interval{200};

struct Waiting {
  std::uint64_t number;
  std::string shard;
  std::string what;  // document type, or table
  std::uint64_t roots;
  std::uint64_t done;
  std::string problem;
};

std::vector<Waiting> parse_list(const std::string& json) {
  std::vector<Waiting> all;
  rapidjson::Document list;
  list.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (list.HasParseError() || !list.IsObject() || !list.HasMember("snapshots")) return all;
  for (const auto& one : list["snapshots"].GetArray()) {
    // Of what a new server lacks also rows that documents look up are read again.
    const char* what = one.HasMember("document") ? "document" : "table";
    all.push_back({one["number"].GetUint64(), one["shard"].GetString(), one[what].GetString(),
                   one["roots"].GetUint64(), one["done"].GetUint64(),
                   one["problem"].IsString() ? one["problem"].GetString() : ""});
  }
  return all;
}

std::uint64_t number_in(const std::string& json, const char* name) {
  rapidjson::Document answer;
  answer.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  const bool has = !answer.HasParseError() && answer.IsObject() && answer.HasMember(name);
  return has && answer[name].IsUint64() ? answer[name].GetUint64() : 0;
}

class Snapshot final : public Verb {
 public:
  VerbInfo info() const override {
    return {"snapshot", "Build documents again from the rows that the source has now",
            "  tailrace snapshot start --document order --ids 7,8 --wait\n"
            "  tailrace snapshot start --document order --ids-from ids.txt\n"
            "  tailrace snapshot list\n"
            "  tailrace snapshot stop 3"};
  }

  void declare(CLI::App& command) override {
    command.add_option("action", action_, "What to do")
        ->check(CLI::IsMember({"start", "list", "stop"}))
        ->required();
    command.add_option("number", number_, "Which one to stop, as list has it");
    command.add_option("--document", document_, "The document type");
    command.add_option("--ids", ids_, "Ids of documents, with commas")->delimiter(',');
    command.add_option("--ids-from", file_, "A file with one id per line; - is standard input");
    command.add_option("--shard", shard_, "Of which shard, where there are several");
    command.add_flag("--wait", wait_, "Return when they are read and in the log");
    pipeline_.declare(command);
  }

  int run(const Output& output) override {
    const auto spec = pipeline_.load(output);
    if (!spec) return kUsage;
    if (action_ == "list") return list(*spec, output);
    if (action_ == "stop") return stop(*spec, output);
    return start(*spec, output);
  }

 private:
  int start(const config::PipelineSpec& spec, const Output& output) {
    if (document_.empty() && spec.documents.size() == 1) document_ = spec.documents[0].name;
    if (document_.empty()) return complain("--document is missing: which type", kUsage);
    if (!file_.empty() && !read_ids()) return complain("cannot read " + file_, kUsage);
    if (ids_.empty()) return complain("--ids or --ids-from is missing", kUsage);
    std::set<std::uint64_t> numbers;
    std::uint64_t roots = 0;
    Deadline next_line = system_clock().now() + std::chrono::seconds(10);
    for (const auto& some : in_requests(ids_)) {
      auto answer = start_import(spec, document_, some, shard_);
      // Many wait already: these have their turn when some of them are done.
      while (!answer && answer.error().code == "import.full") {
        std::this_thread::sleep_for(poll_interval);
        answer = start_import(spec, document_, some, shard_);
      }
      if (!answer) return fail(answer.error());
      if (const std::uint64_t number = number_in(*answer, "number")) numbers.insert(number);
      roots += number_in(*answer, "roots");
      if (!output.quiet && system_clock().now() >= next_line) {
        print_out(fmt::format("{} of {} roots asked for\n", roots, ids_.size()));
        next_line = system_clock().now() + std::chrono::seconds(10);
      }
    }
    if (roots == 0) return complain("none of these ids is of this shard", kFailed);
    if (wait_) {
      if (const int code = wait(spec, output, numbers, roots); code != kOk) return code;
    }
    if (output.json) {
      print_out(fmt::format("{{\"roots\":{},\"requests\":{},\"done\":{}}}\n", roots, numbers.size(),
                            wait_));
    } else if (!output.quiet) {
      print_out(wait_
                    ? fmt::format("{} roots were read again.\n", roots)
                    : fmt::format("{} roots will be read again: tailrace snapshot list\n", roots));
    }
    return kOk;
  }

  bool read_ids() {
    std::ifstream file;
    if (file_ != "-") {
      file.open(file_);
      if (!file) return false;
    }
    std::istream& in = file_ == "-" ? std::cin : file;
    for (std::string line; std::getline(in, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) ids_.push_back(line);
    }
    return !in.bad();
  }

  // A line every 10 s, a bar on a terminal.
  int wait(const config::PipelineSpec& spec, const Output& output,
           const std::set<std::uint64_t>& numbers, std::uint64_t roots) const {
    const bool terminal = isatty(STDERR_FILENO) == 1 && !output.json && !output.quiet;
    const Deadline began = system_clock().now();
    Deadline next_line = began + std::chrono::seconds(10);
    while (true) {
      const auto answer = list_imports(spec);
      if (!answer) return fail(answer.error());
      std::uint64_t left = 0;
      std::string problem;
      for (const Waiting& one : parse_list(*answer)) {
        if (!numbers.contains(one.number) || (!shard_.empty() && one.shard != shard_)) continue;
        left += one.roots - one.done;
        if (problem.empty()) problem = one.problem;
      }
      if (terminal) tell(began, roots, left, problem, '\r');
      if (left == 0) break;
      if (!terminal && !output.quiet && system_clock().now() >= next_line) {
        tell(began, roots, left, problem, '\n');
        next_line = system_clock().now() + std::chrono::seconds(10);
      }
      std::this_thread::sleep_for(poll_interval);
    }
    if (terminal) std::fputc('\n', stderr);
    return kOk;
  }

  static void tell(Deadline began, std::uint64_t roots, std::uint64_t left,
                   const std::string& problem, char end) {
    const double done = static_cast<double>(roots - left);
    const double passed = std::chrono::duration<double>(system_clock().now() - began).count();
    const std::string eta =
        done > 0 ? fmt::format(", {:.0f} s to go", passed / done * static_cast<double>(left)) : "";
    constexpr std::size_t width = 30;
    const auto full = static_cast<std::size_t>(done / static_cast<double>(roots) * width);
    std::fputs(fmt::format("[{:<{}}] {} of {} roots{}{}{}", std::string(full, '#'), width,
                           roots - left, roots, eta, problem.empty() ? "" : "; " + problem, end)
                   .c_str(),
               stderr);
    std::fflush(stderr);
  }

  int list(const config::PipelineSpec& spec, const Output& output) const {
    const auto answer = list_imports(spec);
    if (!answer) return fail(answer.error());
    if (output.json) {
      print_out(*answer);
      return kOk;
    }
    const auto all = parse_list(*answer);
    if (all.empty()) print_out("No roots wait to be read again.\n");
    for (const Waiting& one : all) {
      print_out(fmt::format("{}  {} {}: {} of {} roots done{}\n", one.number, one.shard,
                            one.what, one.done, one.roots,
                            one.problem.empty() ? "" : "; " + one.problem));
    }
    return kOk;
  }

  int stop(const config::PipelineSpec& spec, const Output& output) const {
    if (number_ == 0) return complain("which one: tailrace snapshot stop NUMBER", kUsage);
    const auto answer = stop_import(spec, number_, shard_);
    if (!answer) return fail(answer.error());
    if (output.json) {
      print_out(*answer);
    } else if (!output.quiet) {
      print_out(fmt::format("Stopped; {} roots were not read.\n", number_in(*answer, "roots")));
    }
    return kOk;
  }

  static int fail(const Error& error) {
    const bool away = error.disposition == Disposition::retry;
    return complain(fmt::format("{} [{}]", error.message, error.code),
                    away ? kEnvironment : kFailed);
  }

  std::string action_;
  std::uint64_t number_ = 0;
  std::string document_;
  std::vector<std::string> ids_;
  std::string file_;
  std::string shard_;
  bool wait_ = false;
  PipelineOption pipeline_;
};

}  // namespace

std::unique_ptr<Verb> snapshot_verb() { return std::make_unique<Snapshot>(); }

}  // namespace tailrace::app
