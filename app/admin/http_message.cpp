#include "app/admin/http_message.hpp"

#include <cstdint>

#include "app/admin/url.hpp"
#include "core/json_writer.hpp"

namespace tailrace::app {

std::string_view status_title(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
  }
  return "";
}

HttpReply problem_reply(const HttpProblem& problem) {
  HttpReply reply;
  reply.status = problem.status;
  reply.type = "application/problem+json";
  std::string& out = reply.body;
  out = R"({"type":"about:blank","title":)";
  append_json_string(out, status_title(problem.status));
  out += R"(,"status":)";
  append_number(out, static_cast<std::int64_t>(problem.status));
  out += R"(,"detail":)";
  append_json_string(out, as_utf8(problem.detail));
  out += R"(,"code":)";
  append_json_string(out, problem.code);
  if (!problem.suggestion.empty()) {
    out += R"(,"suggestion":)";
    append_json_string(out, problem.suggestion);
  }
  out += "}\n";
  return reply;
}

}  // namespace tailrace::app
