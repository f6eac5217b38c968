// A request as far as the admin endpoints look at it, and what they answer.
// Threading: plain values.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailrace::app {

struct HttpRequest {
  std::string method;
  std::string target;         // path and query as sent, still percent-encoded
  std::string host;           // of the Host header, with its port
  std::string origin;         // empty: none
  std::string authorization;  // empty: none
};

struct HttpReply {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// Called by several threads at once.
using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

// What an error answer says beside its status.
struct HttpProblem {
  int status = 500;
  std::string code;        // "http.unauthorized"; bounded set
  std::string detail;      // one sentence
  std::string suggestion;  // what to do; may be empty
};

// RFC 9457: application/problem+json with `code` and `suggestion` as extensions.
HttpReply problem_reply(const HttpProblem& problem);

// "Not Found"; empty for a number nobody answers with here.
std::string_view status_title(int status);

}  // namespace tailrace::app
