// tailrace schema: the language of the pipeline file, for editors and for people.
#include <cstdio>

#include "app/verbs/verb.hpp"
#include "config/json_schema.hpp"
#include "config/reference.hpp"

namespace tailrace::app {
namespace {

class Schema final : public Verb {
 public:
  VerbInfo info() const override {
    return {"schema", "Print the JSON Schema (draft-07) of the pipeline file",
            "  tailrace schema > pipeline.schema.json\n"
            "  tailrace schema --reference > docs/reference/pipeline.md"};
  }

  void declare(CLI::App& command) override {
    command.add_flag("--reference", reference_, "The reference page instead, as Markdown");
  }

  int run(const Output&) override {
    const std::string text = reference_ ? config::reference_page() : config::json_schema();
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return written && std::fflush(stdout) == 0 ? kOk : kFailed;
  }

 private:
  bool reference_ = false;
};

}  // namespace

std::unique_ptr<Verb> schema_verb() { return std::make_unique<Schema>(); }

}  // namespace tailrace::app
