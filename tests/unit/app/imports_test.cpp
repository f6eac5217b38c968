// Asking a running pipeline to read roots again: the API, and the verb that is its client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "app/admin/http_server.hpp"
#include "app/admin/import_client.hpp"
#include "tests/unit/app/raw_client.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace tailrace::app {
namespace {

using engine::ImportDesk;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string token = "0123456789abcdef0123";

// Takes what is asked for like capture, and keeps it.
class FakeCapture {
 public:
  explicit FakeCapture(ImportDesk& desk)
      : desk_(desk), thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            if (auto order = desk_.take()) {
              answer(*order);
            } else {
              std::this_thread::yield();
            }
          }
        }) {}

  std::vector<std::string> ids;  // read when the answer is there
  std::vector<std::uint64_t> stopped;

 private:
  void answer(ImportDesk::Order& order) {
    if (order.stops == 99) {
      order.answer.set_value(dead_letter("import.unknown", "no import 99 waits or goes on"));
    } else if (order.stops != 0) {
      stopped.push_back(order.stops);
      order.answer.set_value(engine::ImportReceipt{order.stops, 5});
    } else if (order.request.document != "order") {
      order.answer.set_value(dead_letter("import.no_document", "there is no such type"));
    } else {
      const auto& more = order.request.ids;
      ids.insert(ids.end(), more.begin(), more.end());
      order.answer.set_value(engine::ImportReceipt{3, more.size()});
    }
  }

  ImportDesk& desk_;
  std::jthread thread_;
};

class ImportsTest : public testing::Test {
 protected:
  void SetUp() override { start({{"main", &desk_}}); }

  void start(ImportDesks desks) {
    server_.reset();
    AdminOptions options;
    options.pipeline = "shop";
    options.serve.host = "127.0.0.1";
    options.serve.port = 0;
    options.serve.token = Secret(token);
    options.state_dir = folder_.path();
    options.imports = std::move(desks);
    auto started = AdminServer::start(std::move(options), board_, nullptr);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    port_ =
        static_cast<std::uint16_t>(std::stoi(server_->url().substr(server_->url().rfind(':') + 1)));
  }

  std::string ask(const std::string& method, const std::string& target,
                  const std::string& given = token) const {
    return converse(port_, method + " " + target +
                               " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0" +
                               "\r\nAuthorization: Bearer " + given + "\r\n\r\n");
  }

  TemporaryFolder folder_;
  engine::StatusBoard board_;
  ImportDesk desk_;
  std::unique_ptr<AdminServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ImportsTest, AreAskedForByIdsWithCommas) {
  FakeCapture capture(desk_);
  const std::string answer =
      ask("POST", "/v1/snapshots?document=order&ids=7,a%2Fb,x%252Cy,100%2525");
  EXPECT_EQ(status_of(answer), "202");
  EXPECT_THAT(answer, HasSubstr(R"({"number":3,"roots":4,"shard":"main"})"));
  EXPECT_THAT(capture.ids, ElementsAre("7", "a/b", "x,y", "100%"));
}

TEST_F(ImportsTest, AreListedAndStopped) {
  FakeCapture capture(desk_);
  EXPECT_THAT(ask("GET", "/v1/snapshots"), HasSubstr(R"({"snapshots":[]})"));
  desk_.show({{3, "order", "", 10, 4, 1, 1'000'000, "the \"server\" is away"},
              {4, "", "products", 2, 0, 0, 1'000'000, ""}});
  EXPECT_THAT(ask("GET", "/v1/snapshots"),
              HasSubstr(R"({"number":3,"shard":"main","document":"order","roots":10,"done":4,)"
                        R"("read_again":1,"since":"1970-01-01T00:00:01.000000Z",)"
                        R"("problem":"the \"server\" is away"},)"
                        R"({"number":4,"shard":"main","table":"products","roots":2,"done":0,)"
                        R"("read_again":0,"since":"1970-01-01T00:00:01.000000Z","problem":null})"));
  EXPECT_THAT(ask("DELETE", "/v1/snapshots/3"), HasSubstr(R"({"number":3,"roots":5})"));
  EXPECT_THAT(capture.stopped, ElementsAre(3u));
  EXPECT_EQ(status_of(ask("DELETE", "/v1/snapshots/99")), "404");
  EXPECT_EQ(status_of(ask("DELETE", "/v1/snapshots/three")), "400");
}

TEST_F(ImportsTest, AreRefusedWithTheReason) {
  FakeCapture capture(desk_);
  EXPECT_EQ(status_of(ask("GET", "/v1/snapshots", "wrong")), "401");
  EXPECT_EQ(status_of(ask("POST", "/v1/snapshots?document=order")), "400");
  EXPECT_EQ(status_of(ask("POST", "/v1/snapshots?document=order&ids=%25zz")), "400");
  EXPECT_THAT(ask("POST", "/v1/snapshots?document=order&ids=7&shard=other"),
              HasSubstr("one of: main"));
  EXPECT_THAT(ask("POST", "/v1/snapshots?document=bill&ids=7"), HasSubstr("import.no_document"));
  EXPECT_THAT(ask("PUT", "/v1/snapshots"), HasSubstr("Allow: GET, POST"));
  EXPECT_TRUE(capture.ids.empty());
  start({});
  EXPECT_EQ(status_of(ask("GET", "/v1/snapshots")), "409");
}

// Capture is away: some may wait for it, and health checks are answered all the same.
TEST_F(ImportsTest, DoNotKeepEveryThreadOfTheServer) {
  std::vector<std::jthread> asking;
  std::atomic<int> refused = 0;
  for (int n = 0; n < 6; ++n) {
    asking.emplace_back([&] {
      if (status_of(ask("POST", "/v1/snapshots?document=order&ids=7")) == "503") ++refused;
    });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
  while (refused < 4 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(refused, 4);  // at once; the other two still wait
  EXPECT_EQ(status_of(ask("GET", "/livez")), "200");
}

TEST_F(ImportsTest, OfSeveralShardsMustSayWhich) {
  ImportDesk other;
  start({{"east", &desk_}, {"west", &other}});
  FakeCapture capture(other);
  EXPECT_THAT(ask("POST", "/v1/snapshots?document=order&ids=7"), HasSubstr("one of: east, west"));
  EXPECT_THAT(ask("POST", "/v1/snapshots?document=order&ids=7&shard=west"),
              HasSubstr(R"("shard":"west")"));
}

TEST(ImportRequests, HoldAsManyIdsAsFit) {
  std::vector<std::string> ids;
  for (int n = 0; n < 3000; ++n) ids.push_back("order-" + std::to_string(n));
  ids.push_back(std::string(7000, 'x'));  // too long for any request: the server says so
  const auto requests = in_requests(ids);
  std::vector<std::string> all;
  for (const auto& some : requests) all.insert(all.end(), some.begin(), some.end());
  EXPECT_EQ(all, ids);
  EXPECT_GT(requests.size(), 4u);
  EXPECT_LT(requests.size(), 20u);
  EXPECT_TRUE(in_requests({}).empty());
}

}  // namespace
}  // namespace tailrace::app
