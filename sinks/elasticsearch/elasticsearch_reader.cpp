#include "sinks/elasticsearch/elasticsearch_reader.hpp"

#include <algorithm>

#include "sinks/elasticsearch/bulk_response.hpp"
#include "sinks/elasticsearch/index.hpp"
#include "sinks/elasticsearch/json.hpp"
#include "sinks/elasticsearch/search.hpp"

namespace tailrace::sinks {

namespace {

constexpr std::size_t most_hits = 10'000;  // the server's own limit of one search

class ElasticsearchReader final : public DocumentReader {
 public:
  explicit ElasticsearchReader(const ElasticsearchOptions& options)
      : path_("/" + percent_encode(options.alias)), alias_(options.alias), client_(options) {}

  Result<std::optional<std::string>> get(std::string_view id) override {
    if (id.empty()) return std::nullopt;
    TAILRACE_ASSIGN(auto response,
                    client_.send({.path = path_ + "/_source/" + percent_encode(id)}));
    const std::string reason = response.ok() ? std::string() : server_reason(response.body);
    if (response.status == 404 && reason.starts_with("resource_not_found_exception")) {
      return std::nullopt;
    }
    if (!response.ok()) return failure(response, "get a document");
    const Json body = json_parse(response.body);
    const rapidjson::Value* deleted = json_find(body, {"_tailrace", "deleted"});
    if (deleted && deleted->IsTrue()) return std::nullopt;
    return std::move(response.body);
  }

  Result<std::vector<Hit>> search(std::string_view words, std::size_t limit) override {
    if (limit == 0) return std::vector<Hit>();
    TAILRACE_ASSIGN(auto mapping, client_.send({.path = path_ + "/_mapping"}));
    if (!mapping.ok()) return failure(mapping, "read the mapping");
    std::string body = search_body(words, std::min(limit, most_hits), nested_paths(mapping.body));
    if (body.empty()) return std::vector<Hit>();
    TAILRACE_ASSIGN(
        auto response,
        client_.send({.method = "POST", .path = path_ + "/_search", .body = std::move(body)}));
    if (!response.ok()) return failure(response, "search");
    return read_hits(response.body);
  }

 private:
  Failure failure(const HttpResponse& response, const std::string& doing) {
    Failure error = answer_failure(client_, response, doing);
    if (error.value().code == "es.index_gone") {
      return halt("es.not_there",
                  client_.url() + ": there is no '" + alias_ + "'; has the pipeline run yet?");
    }
    return error;
  }

  std::string path_;
  std::string alias_;
  HttpClient client_;
};

}  // namespace

Result<std::unique_ptr<DocumentReader>> open_elasticsearch_reader(ElasticsearchOptions options) {
  if (options.urls.empty() || options.alias.empty()) {
    return halt("es.bad_options", "reading Elasticsearch needs a URL and an alias");
  }
  return std::make_unique<ElasticsearchReader>(options);
}

}  // namespace tailrace::sinks
