#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/checks.hpp"
#include "config/text.hpp"

namespace tailrace::config {
namespace {

int kinds_of(const SinkDraft& sink) {
  return (sink.sqlite ? 1 : 0) + (sink.elasticsearch ? 1 : 0) + (sink.stdout_ ? 1 : 0);
}

void check_kind(Decoder& d, const SinkDraft& sink, const std::string& path) {
  const int kinds = kinds_of(sink);
  if (kinds == 0 && d.tree().find(path + ".mongodb") == nullptr) {
    d.error_at(path, {"E0202", fmt::format("sink '{}' does not say where documents go", sink.name),
                      "add one of sqlite, elasticsearch, stdout"});
  }
  if (kinds > 1) {
    d.error_at(path, {"E0211", fmt::format("sink '{}' goes to more than one place", sink.name),
                      "write one sink for each"});
  }
  if (sink.elasticsearch || kinds == 0) return;
  for (const char* key : {"alias", "mapping", "batch.in_flight"}) {
    if (d.tree().find(path + "." + key) == nullptr) continue;
    d.error_at(path + "." + key,
               {"E0211", fmt::format("'{}' is for elasticsearch only", key), "remove it"});
  }
  if (sink.stdout_ && d.tree().find(path + ".batch") != nullptr) {
    d.error_at(path + ".batch", {"E0211", "'batch' has no meaning for stdout", "remove it"});
  }
}

void check_document(Decoder& d, const PipelineDraft& draft, const SinkDraft& sink,
                    const std::string& path) {
  if (sink.document.empty()) return;
  std::vector<std::string> names;
  for (const transform::DocumentSpec& document : draft.documents) names.push_back(document.name);
  if (std::find(names.begin(), names.end(), sink.document) != names.end()) return;
  const std::string near = nearest(sink.document, names);
  d.error_at(path + ".document",
             {"E0212", fmt::format("there is no document '{}'", sink.document),
              !near.empty()   ? fmt::format("did you mean '{}'?", near)
              : names.empty() ? "add it under documents"
                              : fmt::format("documents: {}", fmt::join(names, ", ")),
              near});
}

std::string alias_of(const SinkDraft& sink) {
  return sink.alias.empty() ? sink.document : sink.alias;
}

// As Elasticsearch asks of index names; the generated ones are seven characters longer.
void check_alias(Decoder& d, const SinkDraft& sink, const std::string& path) {
  const std::string alias = alias_of(sink);
  if (alias.empty()) return;
  const bool upper =
      std::any_of(alias.begin(), alias.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool bad = upper || alias.size() > 240 ||
                   alias.find_first_of("\\/*?\"<>| ,#:") != std::string::npos ||
                   std::string_view("-_+.").find(alias.front()) != std::string_view::npos;
  if (!bad) return;
  std::string fix = alias;
  std::transform(fix.begin(), fix.end(), fix.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  d.error_at(path + ".alias",
             {"E0210", fmt::format("'{}' cannot be an alias", alias),
              "use lower-case letters, digits, - and _, and start with a letter or digit",
              upper ? fix : ""});
}

void check_credentials(Decoder& d, const std::string& path) {
  const std::string es = path + ".elasticsearch";
  const auto written = [&](const char* key) { return d.tree().find(es + "." + key) != nullptr; };
  if (written("api_key") && written("user")) {
    d.error_at(es + ".user",
               {"E0211", "'api_key' and 'user' exclude each other", "remove one of the two"});
  }
  if (written("user") != written("password")) {
    d.error_at(es + (written("user") ? ".user" : ".password"),
               {"E0202", "'user' and 'password' belong together", "add the other one"});
  }
}

// Where the documents of a sink end up; empty: no two sinks can meet there.
std::string target_of(const SinkDraft& sink) {
  if (sink.sqlite && !sink.sqlite->path.empty())
    return fmt::format("the table {} of {}", sink.document, sink.sqlite->path);
  if (sink.elasticsearch && !sink.elasticsearch->urls.empty()) {
    return fmt::format("the alias {} at {}", alias_of(sink), sink.elasticsearch->urls.front());
  }
  return {};
}

}  // namespace

void check_sinks(Decoder& decoder, const PipelineDraft& draft) {
  std::map<std::string, std::string> targets;
  std::set<std::string> fed;
  for (const SinkDraft& sink : draft.sinks) {
    const std::string path = "sinks." + sink.name;
    check_kind(decoder, sink, path);
    check_document(decoder, draft, sink, path);
    fed.insert(sink.document);
    if (sink.elasticsearch) {
      check_alias(decoder, sink, path);
      check_credentials(decoder, path);
    }
    const std::string target = target_of(sink);
    if (target.empty() || kinds_of(sink) != 1) continue;
    const auto [first, fresh] = targets.emplace(target, sink.name);
    if (fresh) continue;
    decoder.error_at(
        path, {"E0213",
               fmt::format("sinks '{}' and '{}' both write {}", first->second, sink.name, target),
               "give one of them another place"});
  }
  const bool misspelt = std::any_of(fed.begin(), fed.end(), [&](const std::string& name) {
    return std::none_of(draft.documents.begin(), draft.documents.end(),
                        [&](const auto& document) { return document.name == name; });
  });
  if (draft.sinks.empty() || misspelt) return;
  for (const transform::DocumentSpec& document : draft.documents) {
    if (fed.contains(document.name)) continue;
    decoder.warn_at("documents." + document.name,
                    {"W0405", fmt::format("no sink takes document '{}'", document.name),
                     fmt::format("add a sink with document: {}", document.name)});
  }
}

}  // namespace tailrace::config
