// The admin API against a real server on a free port.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

#include "app/admin/http_server.hpp"
#include "app/admin/server_file.hpp"
#include "tests/unit/app/raw_client.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace tailrace::app {
namespace {

using engine::Phase;
using testing::HasSubstr;
using testing::Not;

const std::string token = "0123456789abcdef0123";

class MapReader final : public sinks::DocumentReader {
 public:
  Result<std::optional<std::string>> get(std::string_view id) override {
    const auto at = documents_.find(std::string(id));
    if (at == documents_.end()) return std::optional<std::string>{};
    return std::optional<std::string>(at->second);
  }
  Result<std::vector<Hit>> search(std::string_view words, std::size_t limit) override {
    std::vector<Hit> hits;
    for (const auto& [id, body] : documents_) {
      if (hits.size() < limit && body.find(words) != std::string::npos) hits.push_back({id, body});
    }
    return hits;
  }

 private:
  std::map<std::string, std::string> documents_ = {
      {"7", R"({"id":7,"name":"램프"})"}, {"a/b", R"({"id":"a/b"})"}, {"..", R"({"id":".."})"}};
};

class AdminServerTest : public testing::Test {
 protected:
  void SetUp() override { start({.host = "127.0.0.1", .port = 0, .token = Secret(token)}); }

  void start(config::ServeSpec serve) {
    server_.reset();
    auto started = AdminServer::start(
        {"shop", {"order", "gone"}, std::move(serve), folder_.path(), valve_}, board_,
        [](std::string_view document) -> Result<std::unique_ptr<sinks::DocumentReader>> {
          if (document == "gone") return retry("es.unreachable", "nobody answers");
          return std::make_unique<MapReader>();
        });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    port_ =
        static_cast<std::uint16_t>(std::stoi(server_->url().substr(server_->url().rfind(':') + 1)));
  }

  std::string get(const std::string& target, const std::string& headers = {}) const {
    return converse(port_, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  }
  std::string get_with_token(const std::string& target) const {
    return get(target, "Authorization: Bearer " + token + "\r\n");
  }

  std::string post(const std::string& target, const std::string& given = token) const {
    return converse(port_, "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0" +
                               "\r\nAuthorization: Bearer " + given + "\r\n\r\n");
  }

  TemporaryFolder folder_;
  engine::StatusBoard board_;
  engine::FanoutValve fanout_;
  engine::FanoutValve* valve_ = &fanout_;
  std::unique_ptr<AdminServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(AdminServerTest, IsAliveBeforeAnyComponentIs) {
  EXPECT_EQ(status_of(get("/livez")), "200");
  EXPECT_EQ(status_of(get("/readyz")), "503");
  EXPECT_EQ(status_of(get("/startupz")), "503");
}

TEST_F(AdminServerTest, IsReadyDuringASnapshotButNotWhenDegradedOrStopped) {
  board_.set("capture", Phase::starting);
  EXPECT_EQ(status_of(get("/readyz")), "503");
  board_.set("capture", Phase::snapshotting);
  EXPECT_EQ(status_of(get("/readyz")), "200");
  EXPECT_EQ(status_of(get("/startupz")), "200");
  board_.set("sink order/search", Phase::degraded, "sink.away", "no answer");
  const std::string answer = get("/readyz?verbose");
  EXPECT_EQ(status_of(answer), "503");
  EXPECT_THAT(answer, HasSubstr("sink order/search: degraded (sink.away)\n"));
  EXPECT_EQ(status_of(get("/livez")), "200");
  EXPECT_EQ(status_of(get("/startupz")), "200");
  board_.set("sink order/search", Phase::stopped);
  EXPECT_EQ(status_of(get("/readyz")), "503");
}

TEST_F(AdminServerTest, ShowsStatusAndMetricsWithoutAToken) {
  board_.set("capture", Phase::streaming);
  board_.gauge("tailrace_source_lag_seconds", 0.4);
  const std::string status = get("/v1/status");
  EXPECT_EQ(status_of(status), "200");
  EXPECT_THAT(status, HasSubstr(R"({"name":"shop","status":"streaming","since":"20)"));
  const std::string metrics = get("/metrics");
  EXPECT_THAT(metrics, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(metrics, HasSubstr("tailrace_source_lag_seconds{pipeline=\"shop\"} 0.4\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("Access-Control")));
}

TEST_F(AdminServerTest, ShowsRowsOnlyWithTheToken) {
  const std::string refused = get("/v1/documents/order/7");
  EXPECT_EQ(status_of(refused), "401");
  EXPECT_THAT(refused, HasSubstr("Content-Type: application/problem+json"));
  EXPECT_THAT(refused, HasSubstr("WWW-Authenticate: Bearer"));
  EXPECT_THAT(refused, HasSubstr(R"("code":"http.unauthorized")"));
  EXPECT_EQ(status_of(get("/v1/search/order?q=x", "Authorization: Bearer wrong\r\n")), "401");
  EXPECT_EQ(status_of(get("/v1/search/order?q=x", "Authorization: Bearer \r\n")), "401");
  EXPECT_EQ(status_of(get("/v1/search/order?q=x", "Authorization: Basic " + token + "\r\n")),
            "401");
  EXPECT_EQ(status_of(get("/v1/documents/order/7", "authorization: bearer " + token + "\r\n")),
            "200");
  const std::string shown = get_with_token("/v1/documents/order/7");
  EXPECT_THAT(shown, HasSubstr(R"({"id":7,"name":"램프"})"));
  EXPECT_THAT(shown, HasSubstr("Cache-Control: no-store"));
}

TEST_F(AdminServerTest, TakesIdsAsTheyAreWritten) {
  EXPECT_THAT(get_with_token("/v1/documents/order/a%2fb"), HasSubstr(R"({"id":"a/b"})"));
  EXPECT_THAT(get_with_token("/v1/documents/order/.."), HasSubstr(R"({"id":".."})"));
  EXPECT_EQ(status_of(get_with_token("/v1/documents/order/a/b")), "404");
  EXPECT_EQ(status_of(get_with_token("/v1/documents/..%2forder/7")), "404");
}

TEST_F(AdminServerTest, Searches) {
  const std::string found = get_with_token("/v1/search/order?q=%EB%9E%A8%ED%94%84&limit=5");
  EXPECT_THAT(found, HasSubstr(R"({"hits":[{"id":"7","document":{"id":7,"name":"램프"}}]})"));
  EXPECT_THAT(get_with_token("/v1/search/order?q=nothing"), HasSubstr(R"({"hits":[]})"));
  EXPECT_EQ(status_of(get_with_token("/v1/search/order")), "400");
  for (const char* limit : {"-1", "0", "1001", "x", "99999999999999999999"}) {
    EXPECT_EQ(status_of(get_with_token(std::string("/v1/search/order?q=a&limit=") + limit)), "400");
  }
}

TEST_F(AdminServerTest, SaysWhatIsNotThereAndWhatIsAway) {
  EXPECT_EQ(status_of(get("/nothing")), "404");
  EXPECT_EQ(status_of(get("/")), "404");
  EXPECT_EQ(status_of(get("/livez/")), "404");
  EXPECT_THAT(get_with_token("/v1/documents/order/8"), HasSubstr("there is no order '8'"));
  EXPECT_THAT(get_with_token("/v1/documents/user/8"),
              HasSubstr("there is no document type 'user'"));
  const std::string away = get_with_token("/v1/documents/gone/8");
  EXPECT_EQ(status_of(away), "503");
  EXPECT_THAT(away, HasSubstr(R"("code":"es.unreachable")"));
}

TEST_F(AdminServerTest, PausesAndResumesTheFanOut) {
  const std::string paused = post("/v1/pause?what=fanout");
  EXPECT_EQ(status_of(paused), "200");
  EXPECT_THAT(paused, HasSubstr(R"({"what":"fanout","paused_since":"20)"));
  EXPECT_TRUE(fanout_.is_paused());
  const auto since = fanout_.paused_since_us();
  EXPECT_EQ(status_of(post("/v1/pause?what=fanout")), "200");
  EXPECT_EQ(fanout_.paused_since_us(), since);
  const std::string resumed = post("/v1/resume?what=fanout");
  EXPECT_THAT(resumed, HasSubstr(R"({"what":"fanout","paused_since":null})"));
  EXPECT_FALSE(fanout_.is_paused());
  EXPECT_EQ(status_of(post("/v1/resume?what=fanout")), "200");
}

TEST_F(AdminServerTest, PausesNothingForStrangersByAccidentOrWithoutAProjector) {
  EXPECT_EQ(status_of(post("/v1/pause?what=fanout", "wrong")), "401");
  EXPECT_EQ(status_of(post("/v1/pause")), "400");
  EXPECT_THAT(post("/v1/pause?what=everything"), HasSubstr("add ?what=fanout"));
  const std::string read = get_with_token("/v1/pause?what=fanout");
  EXPECT_EQ(status_of(read), "405");
  EXPECT_THAT(read, HasSubstr("Allow: POST"));
  EXPECT_FALSE(fanout_.is_paused());
  valve_ = nullptr;
  start({.host = "127.0.0.1", .port = 0, .token = Secret(token)});
  const std::string refused = post("/v1/pause?what=fanout");
  EXPECT_EQ(status_of(refused), "409");
  EXPECT_THAT(refused, HasSubstr("HTTP/1.1 409 Conflict"));
}

TEST_F(AdminServerTest, RefusesOtherMethods) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"}) {
    const std::string answer =
        converse(port_, std::string(method) + " /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(status_of(answer), "405") << method;
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD"));
  }
  EXPECT_EQ(status_of(converse(port_, "BREW /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")), "400");
  const std::string head = converse(port_, "HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(head), "200");
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST_F(AdminServerTest, AnswersOnLoopbackOnlyToItsOwnNames) {
  const auto asked = [this](const std::string& headers) {
    return status_of(converse(port_, "GET /livez HTTP/1.1\r\n" + headers + "\r\n"));
  };
  EXPECT_EQ(asked("Host: 127.0.0.1:8642\r\n"), "200");
  EXPECT_EQ(asked("Host: [::1]:8642\r\n"), "200");
  EXPECT_EQ(asked("Host: evil.example\r\n"), "403");
  EXPECT_EQ(asked("Host: localhost.evil.example\r\n"), "403");
  EXPECT_EQ(asked("Host: localhost:80@evil.example\r\n"), "403");
  EXPECT_EQ(asked("Host:\r\n"), "403");
  EXPECT_EQ(asked(""), "400");
  EXPECT_EQ(asked("Host: localhost\r\nHost: evil.example\r\n"), "400");
  EXPECT_EQ(asked("Host: localhost\r\nOrigin: http://evil.example\r\n"), "403");
  EXPECT_EQ(asked("Host: localhost\r\nOrigin: http://localhost\r\n"), "200");
}

TEST_F(AdminServerTest, RefusesMalformedRequests) {
  EXPECT_EQ(status_of(get_with_token("/v1/documents/order/%00")), "400");
  EXPECT_EQ(status_of(get_with_token("/v1/documents/order/7%0d%0aX:")), "400");
  EXPECT_EQ(status_of(get_with_token("/v1/documents/order/%zz")), "400");
  EXPECT_EQ(status_of(get_with_token("/v1/documents/order/%ff")), "400");
  EXPECT_EQ(status_of(get("/livez", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")), "400");
  EXPECT_EQ(status_of(get("/livez", "Content-Length: 3\r\nContent-Length: 4\r\n")), "400");
  EXPECT_EQ(status_of(get("/livez", "X-A : b\r\n")), "400");
  EXPECT_EQ(status_of(get("/livez", " folded: b\r\n")), "400");
  EXPECT_EQ(status_of(get("/livez", "Content-Length: 99999999\r\n")), "413");
  EXPECT_EQ(status_of(get("/livez?" + std::string(9000, 'a'))), "414");
  EXPECT_EQ(status_of(converse(port_, "\x16\x03\x01 GET / HTTP/1.1\r\n\r\n")), "400");
  EXPECT_EQ(status_of(converse(port_, "\r\n\r\n")), "400");
}

TEST_F(AdminServerTest, CutsOffALargeHeader) {
  EXPECT_EQ(status_of(get("/livez", "X-Large: " + std::string(9000, 'a') + "\r\n")), "431");
  EXPECT_EQ(status_of(get("/livez", "X-Large: " + std::string(10u << 20, 'a') + "\r\n")), "431");
  EXPECT_EQ(status_of(get("/livez")), "200");
}

TEST_F(AdminServerTest, AnswersWhileHundredsOfConnectionsSendHalfARequest) {
  std::vector<Socket> idle;
  for (int i = 0; i < 600; ++i) idle.push_back(connect_to(port_));
  for (const Socket& socket : idle) send_all(socket.fd(), "GET /li", 100);
  EXPECT_EQ(status_of(get("/livez")), "200");
}

TEST_F(AdminServerTest, AnswersManyAtOnce) {
  std::vector<std::jthread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int k = 0; k < 50; ++k) answered += status_of(get("/metrics")) == "200";
    });
  }
  clients.clear();
  EXPECT_EQ(answered, 400);
}

TEST_F(AdminServerTest, IgnoresRangesSoThatNoAnswerIsMultiplied) {
  EXPECT_EQ(status_of(get("/metrics", "Range: bytes=0-,0-,0-,0-\r\n")), "200");
}

TEST_F(AdminServerTest, LeavesItsAddressInTheStateDirectoryWhileItRuns) {
  const auto file = read_server_file(folder_.path());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->url, server_->url());
  EXPECT_EQ(file->pid, ::getpid());
  server_.reset();
  EXPECT_FALSE(read_server_file(folder_.path()));
  EXPECT_EQ(get("/livez"), "");
}

TEST_F(AdminServerTest, MakesAPrivateTokenOnce) {
  start({.host = "localhost", .port = 0, .token = std::nullopt});
  const std::string made = folder_.read("token");
  EXPECT_EQ(made.size(), 65u);
  struct stat facts {};
  ASSERT_EQ(::stat(folder_.file("token").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  ASSERT_EQ(::chmod(folder_.file("token").c_str(), 0644), 0);
  start({.host = "localhost", .port = 0, .token = std::nullopt});
  EXPECT_EQ(folder_.read("token"), made);
  ASSERT_EQ(::stat(folder_.file("token").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(AdminServerTest, SaysWhyItCannotListen) {
  const auto second = AdminServer::start(
      {"shop", {}, {.host = "127.0.0.1", .port = port_, .token = Secret(token)}, folder_.path()},
      board_, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "serve.address");
  EXPECT_THAT(second.error().message, HasSubstr("Address already in use; stop the program"));
}

}  // namespace
}  // namespace tailrace::app
