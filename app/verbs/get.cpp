// tailrace get TYPE ID: one document, from the sink itself.
#include <fmt/format.h>

#include "app/readers.hpp"
#include "app/verbs/document_view.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"

namespace tailrace::app {
namespace {

class Get final : public Verb {
 public:
  VerbInfo info() const override {
    return {"get", "Show a document, also when nothing runs",
            "  tailrace get order 7\n"
            "  tailrace get order 7 --pipeline shop.yaml --sink search\n"
            "  tailrace get order 7 --json | jq .total"};
  }

  void declare(CLI::App& command) override {
    command.add_option("document", document_, "The document type")->required();
    command.add_option("id", id_, "The document's id")->required();
    command.add_option("--sink", sink_, "Which sink to read, if the type has several");
    pipeline_.declare(command);
  }

  int run(const Output& output) override {
    const auto spec = pipeline_.load(output);
    if (!spec) return kUsage;
    const auto reader = open_reader(*spec, document_, sink_);
    if (!reader) return pipeline_.report(reader.error(), output);
    const auto body = (*reader)->get(id_);
    if (!body) return pipeline_.report(body.error(), output);
    if (!*body) {
      return complain(fmt::format("there is no {} '{}'; search finds ids: tailrace search {} WORDS",
                                  document_, id_, document_),
                      kFailed);
    }
    print_out((output.json ? compact_json(**body) : pretty_json(**body)) + "\n");
    return kOk;
  }

 private:
  PipelineOption pipeline_;
  std::string document_;
  std::string id_;
  std::string sink_;
};

}  // namespace

std::unique_ptr<Verb> get_verb() { return std::make_unique<Get>(); }

}  // namespace tailrace::app
