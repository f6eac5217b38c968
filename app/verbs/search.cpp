// tailrace search TYPE WORDS…: documents that hold all the words, from the sink itself.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <vector>

#include "app/readers.hpp"
#include "app/verbs/document_view.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "core/json_writer.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t summary_width = 100;

using Hits = std::vector<sinks::DocumentReader::Hit>;

std::string as_json_lines(const Hits& hits) {
  std::string out;
  for (const auto& hit : hits) {
    out += "{\"id\":";
    append_json_string(out, hit.id);
    out += ",\"document\":" + compact_json(hit.body) + "}\n";
  }
  return out;
}

std::string as_list(const Hits& hits) {
  std::size_t width = 0;
  for (const auto& hit : hits) width = std::min<std::size_t>(std::max(width, hit.id.size()), 40);
  std::string out;
  for (const auto& hit : hits) {
    out +=
        fmt::format("{:<{}}  {}\n", hit.id, width, summary_line(hit.id, hit.body, summary_width));
  }
  return out;
}

class Search final : public Verb {
 public:
  VerbInfo info() const override {
    return {"search", "Find documents by words, also when nothing runs",
            "  tailrace search order seoul lamp\n"
            "  tailrace search order paid --limit 5\n"
            "  tailrace search customer gold --json | jq .id"};
  }

  void declare(CLI::App& command) override {
    command.add_option("document", document_, "The document type")->required();
    command.add_option("words", words_, "Words that a document must all hold")->required();
    command.add_option("--limit", limit_, "At most so many documents")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    command.add_option("--sink", sink_, "Which sink to read, if the type has several");
    pipeline_.declare(command);
  }

  int run(const Output& output) override {
    const auto spec = pipeline_.load(output);
    if (!spec) return kUsage;
    const auto reader = open_reader(*spec, document_, sink_);
    if (!reader) return pipeline_.report(reader.error(), output);
    const std::string words = fmt::format("{}", fmt::join(words_, " "));
    const auto hits = (*reader)->search(words, limit_);
    if (!hits) return pipeline_.report(hits.error(), output);
    print_out(output.json ? as_json_lines(*hits) : as_list(*hits));
    const bool tells = !output.json && !output.quiet;
    if (tells && hits->empty()) fmt::print(stderr, "no {} holds: {}\n", document_, words);
    if (tells && hits->size() == limit_) {
      fmt::print(stderr, "the best {}; --limit shows more\n", limit_);
    }
    return kOk;
  }

 private:
  PipelineOption pipeline_;
  std::string document_;
  std::vector<std::string> words_;
  std::size_t limit_ = 20;
  std::string sink_;
};

}  // namespace

std::unique_ptr<Verb> search_verb() { return std::make_unique<Search>(); }

}  // namespace tailrace::app
