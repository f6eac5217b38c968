// Implementation of the scripted server, and a test of its own.
#include "tests/unit/sinks/scripted_http_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "sinks/elasticsearch/http_client.hpp"

namespace tailrace::sinks {

ScriptedHttpServer::ScriptedHttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 64);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

ScriptedHttpServer::~ScriptedHttpServer() {
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  for (auto& [connection, thread] : connections_) {
    ::shutdown(connection, SHUT_RDWR);
    thread.join();
    ::close(connection);
  }
}

std::vector<SeenRequest> ScriptedHttpServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::string ScriptedHttpServer::answer(int status, const std::string& body,
                                       const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

void ScriptedHttpServer::accept_all() {
  for (;;) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    connections_.emplace_back(connection, std::thread([this, connection] { serve(connection); }));
  }
}

void ScriptedHttpServer::serve(int connection) {
  most_connections_ = std::max(most_connections_.load(), ++open_);
  std::string input;
  std::array<char, 65536> buffer{};
  const auto receive = [&] {
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got > 0) input.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  };
  for (bool alive = true; alive;) {
    std::size_t head = 0;
    while ((head = input.find("\r\n\r\n")) == std::string::npos && (alive = receive())) {
    }
    if (!alive) break;
    SeenRequest request;
    request.method = input.substr(0, input.find(' '));
    const std::size_t path = request.method.size() + 1;
    request.path = input.substr(path, input.find(' ', path) - path);
    request.headers = input.substr(0, head + 2);
    std::ranges::transform(request.headers, request.headers.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t length = request.headers.find("content-length: ");
    const std::size_t size =
        length == std::string::npos ? 0 : std::stoul(request.headers.substr(length + 16));
    while (input.size() < head + 4 + size && (alive = receive())) {
    }
    request.body = input.substr(head + 4, size);
    input.erase(0, head + 4 + size);
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    const std::string output = handler_(request);
    if (output.empty()) break;
    alive = ::send(connection, output.data(), output.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(output.size());
  }
  --open_;
  ::shutdown(connection, SHUT_RDWR);
}

namespace {

ElasticsearchOptions options_for(std::vector<std::string> urls) {
  ElasticsearchOptions options;
  options.urls = std::move(urls);
  options.gzip = false;
  return options;
}

TEST(HttpClient, KeepsItsConnectionAndSaysWhoItIs) {
  ScriptedHttpServer server(
      [](const SeenRequest&) { return ScriptedHttpServer::answer(200, "ok"); });
  ElasticsearchOptions options = options_for({server.url() + "/"});
  options.api_key = Secret("a2V5");
  HttpClient client(options);
  for (int i = 0; i < 5; ++i) {
    const auto response = client.send({.method = "POST", .path = "/x?y=1", .body = "{}"});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "ok");
  }
  EXPECT_EQ(server.most_connections(), 1);
  const SeenRequest request = server.seen().back();
  EXPECT_EQ(request.path, "/x?y=1");
  EXPECT_EQ(request.body, "{}");
  EXPECT_NE(request.headers.find("authorization: apikey a2v5"), std::string::npos);
  EXPECT_NE(request.headers.find("content-type: application/json"), std::string::npos);
}

TEST(HttpClient, TakesTheNextUrlWhenOneDoesNotAnswer) {
  ScriptedHttpServer server(
      [](const SeenRequest&) { return ScriptedHttpServer::answer(200, "ok"); });
  HttpClient client(options_for({"http://127.0.0.1:1", server.url()}));
  EXPECT_EQ(client.url(), "http://127.0.0.1:1");
  ASSERT_TRUE(client.send({.path = "/a"}));
  EXPECT_EQ(client.url(), server.url());
  ASSERT_TRUE(client.send({.path = "/b"}));
}

TEST(HttpClient, NamesUrlsAndCauseWhenNothingAnswers) {
  HttpClient client(options_for({"http://127.0.0.1:1"}));
  const auto response = client.send({.path = "/"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().disposition, Disposition::retry);
  EXPECT_EQ(response.error().code, "es.unreachable");
  EXPECT_NE(response.error().message.find("http://127.0.0.1:1: "), std::string::npos);
}

TEST(HttpClient, PacksLargeBodiesAndNeverAsksBeforeItSends) {
  ScriptedHttpServer server([](const SeenRequest&) { return ScriptedHttpServer::answer(200, ""); });
  ElasticsearchOptions options = options_for({server.url()});
  options.gzip = true;
  HttpClient client(options);
  const std::string body(2'000'000, 'x');
  ASSERT_TRUE(client.send({.method = "POST", .path = "/", .body = body}));
  const SeenRequest request = server.seen().back();
  EXPECT_NE(request.headers.find("content-encoding: gzip"), std::string::npos);
  EXPECT_EQ(request.headers.find("expect"), std::string::npos);
  EXPECT_LT(request.body.size(), body.size() / 50);
}

TEST(HttpClient, EncodesPathsSoThatAnyIdFits) {
  EXPECT_EQ(percent_encode("a/b?c 김"), "a%2Fb%3Fc%20%EA%B9%80");
  EXPECT_EQ(percent_encode(".."), "%2E%2E");
  EXPECT_EQ(percent_encode("a.b-c_d~"), "a.b-c_d~");
}

}  // namespace
}  // namespace tailrace::sinks
