#include "app/admin/admin_client.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <rapidjson/document.h>

#include "app/admin/status_client.hpp"
#include "app/admin/token.hpp"

namespace tailrace::app {
namespace {

constexpr int too_many = 429;
constexpr int unavailable = 503;

// "detail; suggestion" of a problem; else the number.
Failure refusal(int status, const std::string& body) {
  rapidjson::Document problem;
  problem.Parse<rapidjson::kParseIterativeFlag>(body.data(), body.size());
  const auto text = [&](const char* name) -> std::string {
    if (problem.HasParseError() || !problem.IsObject()) return {};
    const auto member = problem.FindMember(name);
    return member != problem.MemberEnd() && member->value.IsString() ? member->value.GetString()
                                                                     : "";
  };
  std::string message = text("detail");
  if (message.empty()) {
    return halt("http.refused", fmt::format("the pipeline answers with status {}", status));
  }
  if (const std::string suggestion = text("suggestion"); !suggestion.empty()) {
    message += "; " + suggestion;
  }
  const bool passes = status == too_many || status == unavailable;
  return passes ? retry(text("code"), message) : halt(text("code"), message);
}

}  // namespace

Result<std::string> ask(const config::PipelineSpec& spec, const std::string& method,
                        const std::string& target) {
  // Whoever answers must be this pipeline before it is shown the token.
  TAILRACE_TRY(fetch_status(spec));
  TAILRACE_ASSIGN(const std::string url, find_server(spec));
  std::optional<Secret> token = spec.serve.token;
  if (!token) {
    TAILRACE_ASSIGN(token, load_token(spec.state_dir));
  }
  httplib::Client client(url);
  client.set_connection_timeout(2);
  client.set_read_timeout(10);
  client.set_write_timeout(5);
  client.set_bearer_token_auth(std::string(token->reveal()));
  const httplib::Result answer = method == "POST"     ? client.Post(target)
                                 : method == "DELETE" ? client.Delete(target)
                                                      : client.Get(target);
  if (!answer) return retry("status.unreachable", "nobody answers at " + url);
  if (answer->status / 100 != 2) return refusal(answer->status, answer->body);
  return answer->body;
}

}  // namespace tailrace::app
