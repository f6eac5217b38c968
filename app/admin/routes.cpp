#include "app/admin/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "app/admin/metrics_text.hpp"
#include "app/admin/status_report.hpp"
#include "app/admin/token.hpp"
#include "core/clock.hpp"
#include "core/json_writer.hpp"
#include "core/log.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t max_hits = 1000;
constexpr std::size_t max_words_bytes = 1000;

HttpReply text_reply(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body)};
}

HttpReply unauthorized() {
  HttpReply reply = problem_reply({401, "http.unauthorized", "a token is needed here",
                                   "send 'Authorization: Bearer <token>'; the token is in "
                                   "serve.token, or else in the file 'token' of state.dir"});
  reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tailrace\"");
  return reply;
}

HttpReply not_found(std::string detail) {
  return problem_reply({404, "http.not_found", std::move(detail), ""});
}

// What changes something is asked for with POST, everything else with GET.
HttpReply wrong_method(bool is_switch) {
  HttpReply reply =
      problem_reply({405, "http.method", is_switch ? "only POST" : "only GET and HEAD", ""});
  reply.headers.emplace_back("Allow", is_switch ? "POST" : "GET, HEAD");
  return reply;
}

bool is_switch(const Target& target) {
  const auto& path = target.segments;
  return path.size() == 2 && path[0] == "v1" && (path[1] == "pause" || path[1] == "resume");
}

HttpReply failure_reply(const Error& error) {
  if (error.code == "http.no_document_type") return not_found(error.message);
  return problem_reply(
      {503, error.code, error.message, "try again; /v1/status tells how the sink is"});
}

// 20 where it is not given; nullopt: not a number from 1 to 1000.
std::optional<std::size_t> limit_of(const Target& target) {
  const auto given = target.query.find("limit");
  if (given == target.query.end()) return 20;
  const std::string& text = given->second;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (limit == 0 || limit > max_hits) return std::nullopt;
  return limit;
}

}  // namespace

Routes::Routes(RouteOptions options, const engine::StatusBoard& board, ReaderFactory readers)
    : options_(std::move(options)),
      on_loopback_(is_loopback(options_.host)),
      board_(board),
      readers_(std::move(readers)) {}

HttpReply Routes::handle(const HttpRequest& request) {
  // A page of another site can make a browser send requests here under a name that it controls
  // (DNS rebinding); on loopback only loopback's own names are answered.
  const std::string_view host = host_of(request.host);
  if (on_loopback_ && !is_loopback(host) && host != options_.host) {
    return problem_reply({403, "http.host",
                          "the Host header is not a name of this machine's loopback",
                          "use http://localhost or http://127.0.0.1"});
  }
  if (!request.origin.empty() && request.origin != "http://" + request.host) {
    return problem_reply({403, "http.origin", "pages of other sites are not answered", ""});
  }
  const auto target = parse_target(request.target);
  if (!target) {
    return problem_reply({400, "http.malformed_target",
                          "the path or query is not percent-encoded UTF-8 text",
                          "encode every special character as %XX; NUL is not allowed"});
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (is_import_target(*target)) {
    return is_authorized(request) ? answer_import(options_.imports, request, *target)
                                  : unauthorized();
  }
  if (is_switch(*target)) {
    return request.method == "POST" ? turn(request, *target) : wrong_method(true);
  }
  return reads ? route(request, *target) : wrong_method(false);
}

// POST /v1/pause?what=fanout and /v1/resume?what=fanout; asking twice is no error.
HttpReply Routes::turn(const HttpRequest& request, const Target& target) const {
  if (!is_authorized(request)) return unauthorized();
  const auto what = target.query.find("what");
  if (what == target.query.end() || what->second != "fanout") {
    return problem_reply({400, "http.bad_query", "what is to be paused or resumed is not said",
                          "add ?what=fanout; nothing else can be paused"});
  }
  engine::FanoutValve* const valve = options_.fanout_valve;
  if (valve == nullptr) {
    return problem_reply({409, "http.no_projector", "this process writes no documents",
                          "ask a process that runs with --role all or project"});
  }
  if (target.segments[1] == "pause") {
    valve->pause(system_clock().wall_us());
  } else {
    valve->resume();
  }
  const std::int64_t since = valve->paused_since_us();
  log_info(since != 0 ? "fanout.paused" : "fanout.resumed", {{"pipeline", options_.pipeline}});
  HttpReply reply;
  reply.body = "{\"what\":\"fanout\",\"paused_since\":";
  if (since != 0) {
    reply.body += '"';
    append_utc_time(reply.body, since);
    reply.body += '"';
  } else {
    reply.body += "null";
  }
  reply.body += "}\n";
  return reply;
}

HttpReply Routes::route(const HttpRequest& request, const Target& target) {
  const auto& path = target.segments;
  if (path.size() == 1) {
    // Never looks at dependencies: an answer is all there is to it.
    if (path[0] == "livez") return text_reply(200, "ok\n");
    if (path[0] == "readyz") {
      const auto view = board_.view();
      return probe(target, is_ready(view), view);
    }
    if (path[0] == "startupz") return started(target);
    if (path[0] == "metrics") {
      return {200, std::string(metrics_content_type),
              metrics_text(options_.pipeline, board_.view())};
    }
  }
  if (path.size() == 2 && path[0] == "v1" && path[1] == "status") {
    return {200, "application/json", to_json(make_report(options_.pipeline, board_.view()))};
  }
  const bool is_document = path.size() == 4 && path[0] == "v1" && path[1] == "documents";
  const bool is_search = path.size() == 3 && path[0] == "v1" && path[1] == "search";
  if (!is_document && !is_search) {
    return not_found("there is nothing at this path");
  }
  if (!is_authorized(request)) return unauthorized();
  return is_document ? document(target) : search(target);
}

HttpReply Routes::probe(const Target& target, bool passed,
                        const engine::StatusBoard::View& view) const {
  std::string text;
  if (target.query.contains("verbose")) {
    for (const auto& component : view.components) {
      text += fmt::format("{}: {}", component.name, engine::phase_name(component.phase));
      if (!component.code.empty()) text += " (" + component.code + ")";
      text += '\n';
    }
    if (view.components.empty()) text += "no component has started yet\n";
  }
  return text_reply(passed ? 200 : 503, text + (passed ? "ok\n" : "not ready\n"));
}

HttpReply Routes::started(const Target& target) {
  const auto view = board_.view();
  if (has_started(view)) has_started_ = true;
  return probe(target, has_started_, view);
}

HttpReply Routes::document(const Target& target) const {
  const std::string& id = target.segments[3];
  auto reader = reader_of(target.segments[2]);
  if (!reader) return failure_reply(reader.error());
  auto body = (*reader)->get(id);
  if (!body) return failure_reply(body.error());
  if (!*body) return not_found(fmt::format("there is no {} '{}'", target.segments[2], id));
  return {200, "application/json", std::move(**body) + "\n", {{"Cache-Control", "no-store"}}};
}

HttpReply Routes::search(const Target& target) const {
  const auto words = target.query.find("q");
  if (words == target.query.end() || words->second.empty()) {
    return problem_reply({400, "http.no_words", "nothing to search for", "add ?q=words"});
  }
  const auto limit = limit_of(target);
  if (!limit || words->second.size() > max_words_bytes) {
    return problem_reply(
        {400, "http.bad_query", "limit is a number from 1 to 1000, q at most 1000 bytes", ""});
  }
  auto reader = reader_of(target.segments[2]);
  if (!reader) return failure_reply(reader.error());
  const auto hits = (*reader)->search(words->second, *limit);
  if (!hits) return failure_reply(hits.error());
  HttpReply reply;
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.body = "{\"hits\":[";
  for (const auto& hit : *hits) {
    if (reply.body.back() != '[') reply.body += ',';
    reply.body += "{\"id\":";
    append_json_string(reply.body, as_utf8(hit.id));
    reply.body += ",\"document\":" + hit.body + "}";
  }
  reply.body += "]}\n";
  return reply;
}

Result<std::unique_ptr<sinks::DocumentReader>> Routes::reader_of(
    const std::string& document) const {
  const auto& known = options_.documents;
  if (std::find(known.begin(), known.end(), document) == known.end()) {
    return halt("http.no_document_type", fmt::format("there is no document type '{}'", document));
  }
  return readers_(document);
}

bool Routes::is_authorized(const HttpRequest& request) const {
  const std::string_view sent = request.authorization;
  constexpr std::size_t scheme_length = 7;  // "Bearer ", in any case (RFC 9110)
  if (sent.size() <= scheme_length) return false;
  static constexpr std::string_view scheme = "bearer ";
  for (std::size_t i = 0; i < scheme_length; ++i) {
    const char c =
        sent[i] >= 'A' && sent[i] <= 'Z' ? static_cast<char>(sent[i] - 'A' + 'a') : sent[i];
    if (c != scheme[i]) return false;
  }
  return equals_in_constant_time(sent.substr(scheme_length), options_.token.reveal());
}

}  // namespace tailrace::app
