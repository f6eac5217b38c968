#include "app/admin/http_codec.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>

namespace tailrace::app {
namespace {

// Hands out the head, keeps the answer.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(const std::string& head) : rest_(head) {}

  std::string take_answer() { return std::move(answer_); }

  bool is_readable() const override { return !rest_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    const std::size_t length = std::min(size, rest_.size());
    std::memcpy(to, rest_.data(), length);
    rest_.remove_prefix(length);
    return static_cast<ssize_t>(length);
  }
  ssize_t write(const char* from, size_t size) override {
    answer_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib refuses descriptors beyond FD_SETSIZE, which do not concern this stream.
  socket_t socket() const override { return 0; }

 private:
  std::string_view rest_;
  std::string answer_;
};

void put(const HttpReply& reply, httplib::Response& response) {
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_content(reply.body, reply.type);
}

}  // namespace

class HttpCodec::Engine final : public httplib::Server {
 public:
  explicit Engine(HttpHandler handler) : handler_(std::move(handler)) {
    // Every request is answered here, before httplib would match patterns or read a body.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      put(handle(request), response);
      return HandlerResponse::Handled;
    });
    // Reached without the handler above: httplib could not parse the request.
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return;
      put(problem_reply({response.status, "http.malformed", "not a request of HTTP/1.1",
                         "use GET, HEAD or POST and a path"}),
          response);
    });
  }

  void answer(httplib::Stream& stream) {
    bool is_closed = false;
    process_request(stream, true, is_closed, nullptr);
  }

 private:
  HttpReply handle(const httplib::Request& request) {
    try {
      return handler_({request.method, request.target, request.get_header_value("Host"),
                       request.get_header_value("Origin"),
                       request.get_header_value("Authorization")});
    } catch (const std::exception& error) {
      return problem_reply({500, "http.internal", error.what(), "tell who runs this program"});
    }
  }

  HttpHandler handler_;
};

HttpCodec::HttpCodec(HttpHandler handler) : engine_(std::make_unique<Engine>(std::move(handler))) {}

HttpCodec::~HttpCodec() = default;

std::string HttpCodec::answer(const std::string& head) {
  MemoryStream stream(head);
  engine_->answer(stream);
  return stream.take_answer();
}

std::string HttpCodec::refuse(const HttpProblem& problem) {
  const HttpReply reply = problem_reply(problem);
  return fmt::format(
      "HTTP/1.1 {} {}\r\nConnection: close\r\nContent-Length: {}\r\nContent-Type: {}\r\n\r\n{}",
      reply.status, status_title(reply.status), reply.body.size(), reply.type, reply.body);
}

}  // namespace tailrace::app
