#include "sinks/elasticsearch/elasticsearch_sink.hpp"

#include <fmt/format.h>

#include "sinks/elasticsearch/bulk_run.hpp"
#include "sinks/elasticsearch/index.hpp"
#include "sinks/elasticsearch/json.hpp"

namespace tailrace::sinks {

namespace {

// The server's own limit of one search.
constexpr std::size_t most_hits = 10'000;
// The answer to a bulk is the size of its documents otherwise.
constexpr const char* bulk_filter =
    "filter_path=error,status,items.*.status,items.*.error.type,items.*.error.reason,"
    "items.*.error.caused_by";

class ElasticsearchSink final : public DocumentSink {
 public:
  ElasticsearchSink(const ElasticsearchOptions& options, IndexSpec spec)
      : spec_(std::move(spec)), client_(options) {
    limits_.documents = std::max<std::size_t>(options.batch_documents, 1);
    limits_.bytes = options.batch_bytes;
    limits_.in_flight = static_cast<std::size_t>(std::max(options.in_flight, 1));
  }

  Result<std::optional<LogIdentity>> open() override {
    index_.reset();
    TAILRACE_ASSIGN(index_, open_index(client_, spec_));
    return index_->identity;
  }

  Result<void> set_identity(const LogIdentity& identity) override {
    TAILRACE_TRY(must_be_open());
    return write_identity(client_, *index_, spec_.document, identity);
  }

  Result<std::vector<Result<void>>> apply(std::span<const DocumentWrite> batch) override {
    TAILRACE_TRY(must_be_open());
    const std::string path = fmt::format("/{}/_bulk?require_alias=true&{}",
                                         percent_encode(index_->write_alias), bulk_filter);
    auto outcomes = BulkRun(client_, path, limits_, batch).run();
    if (!outcomes && outcomes.error().code == "es.index_gone") {
      outcomes.error().message = fmt::format(
          "{}: the index '{}' was removed, or its alias '{}', while the pipeline ran ({}); start "
          "the "
          "pipeline again: it makes a new index and fills it from its state",
          client_.url(), index_->name, index_->write_alias, outcomes.error().message);
    }
    return outcomes;
  }

  Result<std::vector<std::string>> older_than(std::uint16_t generation,
                                              std::size_t limit) override {
    TAILRACE_TRY(must_be_open());
    const std::string index = "/" + percent_encode(index_->write_alias);
    TAILRACE_ASSIGN(auto refreshed, client_.send({.method = "POST", .path = index + "/_refresh"}));
    if (!refreshed.ok()) return answer_failure(client_, refreshed, "refresh the index");
    std::string query = fmt::format(
        R"({{"size":{},"_source":false,"track_total_hits":false,"sort":["_doc"],)"
        R"("query":{{"bool":{{"filter":{{"range":{{"_tailrace.version":{{"lt":{}}}}}}},)"
        R"("must_not":{{"term":{{"_tailrace.deleted":true}}}}}}}}}})",
        std::min(limit, most_hits), Version(generation, -1).number());
    TAILRACE_ASSIGN(auto found, client_.send({.method = "POST",
                                              .path = index + "/_search?filter_path=hits.hits._id,"
                                                              "error,_shards.failed",
                                              .body = std::move(query)}));
    if (!found.ok()) return answer_failure(client_, found, "look for older documents");
    return ids_in(found.body);
  }

 private:
  Result<std::vector<std::string>> ids_in(const std::string& body) {
    const Json answer = json_parse(body);
    const rapidjson::Value* failed = json_find(answer, {"_shards", "failed"});
    if (!failed || !failed->IsUint() || failed->GetUint() != 0) {
      return retry("es.unavailable", client_.url() + ": not every shard answered a search");
    }
    std::vector<std::string> ids;
    const rapidjson::Value* hits = json_find(answer, {"hits", "hits"});
    if (!hits || !hits->IsArray()) return ids;
    for (const auto& hit : hits->GetArray()) ids.emplace_back(json_text_at(hit, {"_id"}));
    return ids;
  }

  Result<void> must_be_open() const {
    if (index_) return {};
    return retry("es.not_open", client_.url() + ": the index is not open");
  }

  IndexSpec spec_;
  BulkLimits limits_;
  HttpClient client_;
  std::optional<OpenedIndex> index_;
};

}  // namespace

Result<std::unique_ptr<DocumentSink>> open_elasticsearch_sink(ElasticsearchOptions options,
                                                              DocumentShape shape) {
  if (options.urls.empty() || options.alias.empty()) {
    return halt("es.bad_options", "an Elasticsearch sink needs a URL and an alias");
  }
  TAILRACE_ASSIGN(auto mapping, make_mapping(shape, options));
  return std::make_unique<ElasticsearchSink>(
      options, IndexSpec{options.alias, shape.document, std::move(mapping)});
}

}  // namespace tailrace::sinks
