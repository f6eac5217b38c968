#include "sinks/elasticsearch/index.hpp"

#include <fmt/format.h>

#include "core/json_writer.hpp"
#include "core/log.hpp"
#include "sinks/elasticsearch/bulk_response.hpp"
#include "sinks/elasticsearch/json.hpp"

namespace tailrace::sinks {

namespace {

constexpr std::size_t default_field_limit = 1000;  // index.mapping.total_fields.limit
constexpr const char* stub_filter = R"({"bool":{"must_not":{"term":{"_tailrace.deleted":true}}}})";

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string meta_json(const std::string& document, const std::optional<LogIdentity>& identity) {
  std::string json = R"({"tailrace":{"format":1,"document":)" + quoted(document);
  if (identity) {
    json += R"(,"log_id":)" + quoted(identity->log_id) +
            fmt::format(R"(,"generation":{})", identity->generation);
  }
  return json + "}}";
}

struct Found {
  std::string name;
  std::string uuid;
  bool ours = false;
  std::string document;
  std::optional<LogIdentity> identity;
};

// One entry of the answer to GET /<index or alias>.
Found read_index(std::string_view name, const rapidjson::Value& entry) {
  Found found;
  found.name = name;
  found.uuid = json_text_at(entry, {"settings", "index", "uuid"});
  const rapidjson::Value* meta = json_find(entry, {"mappings", "_meta", "tailrace"});
  if (!meta) return found;
  found.ours = true;
  found.document = json_text_at(*meta, {"document"});
  const rapidjson::Value* generation = json_find(*meta, {"generation"});
  const std::string_view log_id = json_text_at(*meta, {"log_id"});
  if (!log_id.empty() && generation && generation->IsUint()) {
    found.identity =
        LogIdentity{std::string(log_id), static_cast<std::uint16_t>(generation->GetUint())};
  }
  return found;
}

Result<std::vector<Found>> look_up(HttpClient& client, const std::string& name) {
  TAILRACE_ASSIGN(auto response, client.send({.path = "/" + percent_encode(name)}));
  if (response.status == 404 && !server_reason(response.body).empty()) return std::vector<Found>();
  if (!response.ok()) return answer_failure(client, response, "look for '" + name + "'");
  const Json answer = json_parse(response.body);
  if (!answer.IsObject()) {
    return retry("es.bad_response", client.url() +
                                        ": the answer is not JSON; is this "
                                        "Elasticsearch?");
  }
  std::vector<Found> indices;
  for (const auto& member : answer.GetObject()) {
    indices.push_back(read_index(json_text(member.name), member.value));
  }
  return indices;
}

Failure foreign(const IndexSpec& spec, const std::string& what) {
  return halt("es.foreign_index",
              fmt::format("{}; give the sink another `alias`, or remove what stands there", what) +
                  " (sink of document '" + spec.document + "', alias '" + spec.alias + "')");
}

Result<void> check(const IndexSpec& spec, const std::vector<Found>& indices) {
  if (indices.size() > 1) {
    return foreign(spec, fmt::format("the alias '{}' stands for {} indices, {} and {} among them",
                                     spec.alias, indices.size(), indices[0].name, indices[1].name));
  }
  const Found& index = indices.front();
  if (index.name == spec.alias) {
    return foreign(spec, fmt::format("'{}' is an index, not an alias", spec.alias));
  }
  if (!index.ours) {
    return foreign(spec, fmt::format("the index '{}' was not made by this program", index.name));
  }
  if (index.document != spec.document) {
    return foreign(spec, fmt::format("the index '{}' holds documents of type '{}'", index.name,
                                     index.document));
  }
  return {};
}

// False: somebody else has just created it.
Result<bool> create(HttpClient& client, const IndexSpec& spec, const std::string& name) {
  std::string mapping = spec.mapping.json;
  mapping.pop_back();  // the closing bracket
  mapping += R"(,"_meta":)" + meta_json(spec.document, std::nullopt) + "}";
  std::string body = R"({"mappings":)" + mapping;
  const std::size_t room = spec.mapping.field_count + 200;
  if (room > default_field_limit) {
    body += fmt::format(R"(,"settings":{{"index.mapping.total_fields.limit":{}}})", room);
  }
  body += R"(,"aliases":{)" + quoted(spec.alias) + R"(:{"filter":)" + stub_filter + "}}}";
  TAILRACE_ASSIGN(
      auto response,
      client.send({.method = "PUT", .path = "/" + percent_encode(name), .body = std::move(body)}));
  if (response.ok()) {
    log_info("es.index_created", {{"index", name}, {"alias", spec.alias}});
    return true;
  }
  if (server_reason(response.body).starts_with("resource_already_exists_exception")) return false;
  return answer_failure(client, response, "create index '" + name + "'");
}

Result<void> add_new_fields(HttpClient& client, const IndexSpec& spec, const std::string& index) {
  TAILRACE_ASSIGN(auto response, client.send({.method = "PUT",
                                              .path = "/" + percent_encode(index) + "/_mapping",
                                              .body = spec.mapping.json}));
  if (response.ok()) return {};
  if (response.status == 400) {
    return halt("es.mapping_changed",
                fmt::format("{}: index '{}' has another mapping than the pipeline file asks for: "
                            "{}; give the sink another `alias`, which is then filled anew",
                            client.url(), index, server_reason(response.body)));
  }
  return answer_failure(client, response, "change the mapping of '" + index + "'");
}

Result<void> set_aliases(HttpClient& client, const IndexSpec& spec, const OpenedIndex& index) {
  const std::string name = quoted(index.name);
  std::string body =
      fmt::format(R"({{"actions":[{{"add":{{"index":{0},"alias":{1},"filter":{2}}}}},)"
                  R"({{"add":{{"index":{0},"alias":{3},"is_hidden":true}}}}]}})",
                  name, quoted(spec.alias), stub_filter, quoted(index.write_alias));
  TAILRACE_ASSIGN(auto response,
                  client.send({.method = "POST", .path = "/_aliases", .body = std::move(body)}));
  if (!response.ok()) return answer_failure(client, response, "set the aliases");
  return {};
}

}  // namespace

Failure answer_failure(const HttpClient& client, const HttpResponse& response,
                       const std::string& doing) {
  const std::string reason = server_reason(response.body);
  const std::string text = fmt::format("{}: {}: status {}{}", client.url(), doing, response.status,
                                       reason.empty() ? "" : ", " + reason);
  if (response.status == 401 || response.status == 403) {
    return halt("es.unauthorized", text +
                                       "; check api_key, or user and password, and that they "
                                       "may manage and write this index");
  }
  if (response.status / 100 == 3) {
    return retry("es.redirected", text + "; redirects are not followed: write the final URL");
  }
  if (reason.starts_with("index_not_found_exception")) {
    return halt("es.index_gone", text +
                                     "; start the pipeline again: it makes a new index and fills "
                                     "it from its state");
  }
  if (response.status == 429 || response.status >= 500) return retry("es.unavailable", text);
  if (reason.empty()) return retry("es.bad_response", text + "; is this Elasticsearch?");
  return halt("es.refused", text);
}

Result<OpenedIndex> open_index(HttpClient& client, const IndexSpec& spec) {
  const std::string first = spec.alias + "-000001";
  for (int attempt = 0; attempt < 5; ++attempt) {
    TAILRACE_ASSIGN(auto indices, look_up(client, spec.alias));
    // Without the alias: killed before it was set, or somebody removed it. Ours is ours.
    if (indices.empty()) {
      TAILRACE_ASSIGN(indices, look_up(client, first));
    }
    if (indices.empty()) {
      TAILRACE_TRY(create(client, spec, first));
      continue;
    }
    TAILRACE_TRY(check(spec, indices));
    const Found& found = indices.front();
    OpenedIndex index{found.name, found.name + "-write-" + found.uuid, found.identity};
    TAILRACE_TRY(add_new_fields(client, spec, index.name));
    TAILRACE_TRY(set_aliases(client, spec, index));
    return index;
  }
  return retry("es.unsettled", fmt::format("{}: index '{}' comes and goes", client.url(), first));
}

Result<void> write_identity(HttpClient& client, const OpenedIndex& index,
                            const std::string& document, const LogIdentity& identity) {
  TAILRACE_ASSIGN(auto response,
                  client.send({.method = "PUT",
                               .path = "/" + percent_encode(index.write_alias) + "/_mapping",
                               .body = R"({"_meta":)" + meta_json(document, identity) + "}"}));
  if (!response.ok()) return answer_failure(client, response, "write the identity of the log");
  return {};
}

}  // namespace tailrace::sinks
