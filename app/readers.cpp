#include "app/readers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include "sinks/elasticsearch/elasticsearch_reader.hpp"
#include "sinks/sqlite/sqlite_reader.hpp"

namespace tailrace::app {
namespace {

using Reader = Result<std::unique_ptr<sinks::DocumentReader>>;

struct Open {
  Reader operator()(const sinks::SqliteOptions& options) const {
    return sinks::open_sqlite_reader(options);
  }
  Reader operator()(const sinks::ElasticsearchOptions& options) const {
    return sinks::open_elasticsearch_reader(options);
  }
  Reader operator()(const sinks::StdoutOptions&) const {
    return halt("reader.usage", "a stdout sink keeps no documents to read");
  }
};

bool is_readable(const sinks::SinkSpec& sink) {
  return !std::holds_alternative<sinks::StdoutOptions>(sink.options);
}

Failure no_document(const config::PipelineSpec& spec, const std::string& document) {
  std::vector<std::string_view> known;
  for (const auto& one : spec.documents) known.push_back(one.name);
  return halt("reader.usage", fmt::format("{} has no document type '{}'; it has: {}", spec.file,
                                          document, fmt::join(known, ", ")));
}

Failure no_sink(const config::PipelineSpec& spec, const std::string& document,
                const std::string& sink_name) {
  std::vector<std::string_view> known;
  for (const auto& sink : spec.sinks) {
    if (sink.document == document && is_readable(sink)) known.push_back(sink.name);
  }
  if (known.empty()) {
    return halt("reader.usage",
                fmt::format("no sink of '{}' keeps documents to read; add a sqlite or "
                            "elasticsearch sink",
                            document));
  }
  return halt("reader.usage", fmt::format("'{}' has no sink '{}' to read; it has: {}", document,
                                          sink_name, fmt::join(known, ", ")));
}

}  // namespace

Reader open_reader(const config::PipelineSpec& spec, const std::string& document,
                   const std::string& sink_name) {
  const bool is_known = std::any_of(spec.documents.begin(), spec.documents.end(),
                                    [&](const auto& one) { return one.name == document; });
  if (!is_known) return no_document(spec, document);
  for (const sinks::SinkSpec& sink : spec.sinks) {
    if (sink.document != document || !is_readable(sink)) continue;
    if (sink_name.empty() || sink.name == sink_name) return std::visit(Open{}, sink.options);
  }
  return no_sink(spec, document, sink_name);
}

}  // namespace tailrace::app
