// The sink's bulks against a server that answers badly: quality.md, rows 49–52.
#include "sinks/elasticsearch/bulk_run.hpp"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/sinks/scripted_http_server.hpp"

namespace tailrace::sinks {
namespace {

using Answer = ScriptedHttpServer;

std::size_t items_in(const SeenRequest& request) {
  return static_cast<std::size_t>(std::count(request.body.begin(), request.body.end(), '\n')) / 2;
}

std::string item(int status, const std::string& error = "") {
  return R"({"index":{"status":)" + std::to_string(status) +
         (error.empty() ? "" : R"(,"error":{"type":")" + error + R"(","reason":"because"})") + "}}";
}

std::string items(std::size_t count, const std::string& one) {
  std::string body = R"({"errors":true,"took":1,"items":[)";
  for (std::size_t i = 0; i < count; ++i) body += (i ? "," : "") + one;
  return body + "]}";
}

std::string all_well(const SeenRequest& request) {
  return Answer::answer(200, items(items_in(request), item(201)));
}

std::vector<DocumentWrite> writes(std::size_t count, std::size_t padding = 0) {
  std::vector<DocumentWrite> batch;
  for (std::size_t i = 0; i < count; ++i) {
    batch.push_back({std::to_string(i), Version::from_number(i + 1), false,
                     R"({"x":")" + std::string(padding, 'y') + "\"}"});
  }
  return batch;
}

Result<std::vector<Result<void>>> run(const ScriptedHttpServer& server,
                                      const std::vector<DocumentWrite>& batch,
                                      BulkLimits limits = {},
                                      Milliseconds timeout = Milliseconds(5000)) {
  ElasticsearchOptions options;
  options.urls = {server.url()};
  options.gzip = false;
  options.in_flight = static_cast<int>(limits.in_flight);
  options.request_timeout = timeout;
  HttpClient client(options);
  return BulkRun(client, "/orders/_bulk", limits, batch).run();
}

TEST(BulkRun, WritesActionAndDocumentLines) {
  ScriptedHttpServer server(all_well);
  const std::vector<DocumentWrite> batch = {
      {"a\"김", Version::from_number(5), false, "{\"x\":\n1}"}};
  ASSERT_TRUE(run(server, batch));
  EXPECT_EQ(server.seen()[0].body,
            "{\"index\":{\"_id\":\"a\\\"김\",\"version\":5,\"version_type\":\"external\"}}\n"
            "{\"x\": 1}\n");
}

TEST(BulkRun, KeepsTheOrderOfOutcomesOverManyRequests) {
  ScriptedHttpServer server([](const SeenRequest& request) {
    std::string body = R"({"items":[)";
    std::size_t at = 0;
    for (std::size_t i = 0; i < items_in(request); ++i) {
      at = request.body.find("\"_id\":\"", at) + 7;
      const int id = std::stoi(request.body.substr(at));
      body += (i ? "," : "") + item(id % 3 == 0 ? 400 : 200);
    }
    return Answer::answer(200, body + "]}");
  });
  const auto outcomes = run(server, writes(2000), {.documents = 100, .in_flight = 8});
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    EXPECT_EQ((*outcomes)[i].has_value(), i % 3 != 0) << i;
  }
  EXPECT_EQ(server.seen().size(), 20u);
  EXPECT_GT(server.most_connections(), 1);
  EXPECT_LE(server.most_connections(), 8);
}

TEST(BulkRun, SplitsByBytes) {
  ScriptedHttpServer server(all_well);
  ASSERT_TRUE(run(server, writes(20, 10'000), {.bytes = 50'000, .in_flight = 2}));
  EXPECT_EQ(server.seen().size(), 5u);
  for (const auto& request : server.seen()) EXPECT_LE(request.body.size(), 50'000u);
}

TEST(BulkRun, TakesEveryItemByItself) {
  ScriptedHttpServer server([](const SeenRequest&) {
    return Answer::answer(
        200, R"({"items":[)" + item(201) + "," + item(409, "version_conflict_engine_exception") +
                 "," + item(429, "es_rejected_execution_exception") + "," +
                 item(400, "document_parsing_exception") + "," + item(503, "unavailable") + "," +
                 item(403, "cluster_block_exception") + "," + item(413, "too_large") + "]}");
  });
  const auto outcomes = run(server, writes(7));
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  const auto& all = *outcomes;
  EXPECT_TRUE(all[0] && all[1]);
  EXPECT_EQ(all[2].error().disposition, Disposition::retry);
  EXPECT_EQ(all[3].error().disposition, Disposition::dead_letter);
  EXPECT_EQ(all[3].error().message, "document_parsing_exception: because");
  EXPECT_EQ(all[4].error().disposition, Disposition::retry);
  EXPECT_EQ(all[5].error().code, "es.blocked");
  EXPECT_EQ(all[5].error().disposition, Disposition::retry);
  EXPECT_EQ(all[6].error().disposition, Disposition::dead_letter);
}

TEST(BulkRun, AsksForEveryItemAgainWhenTheWholeRequestIsRejected) {
  ScriptedHttpServer server([](const SeenRequest&) {
    return Answer::answer(
        429, R"({"error":{"type":"es_rejected_execution_exception","reason":"full"}})");
  });
  const auto outcomes = run(server, writes(3));
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  for (const auto& outcome : *outcomes) {
    EXPECT_EQ(outcome.error().disposition, Disposition::retry);
    EXPECT_NE(outcome.error().message.find("full"), std::string::npos);
  }
}

TEST(BulkRun, SplitsWhatIsTooLargeUntilOneIsLeft) {
  ScriptedHttpServer server([](const SeenRequest& request) {
    return request.body.size() > 3000 ? Answer::answer(413, "<html>too large</html>")
                                      : all_well(request);
  });
  auto batch = writes(40, 500);
  batch[17].body = R"({"x":")" + std::string(5000, 'z') + "\"}";
  const auto outcomes = run(server, batch);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ((*outcomes)[i].has_value(), i != 17) << i;
  }
  EXPECT_EQ((*outcomes)[17].error().code, "es.too_large");
  EXPECT_EQ((*outcomes)[17].error().disposition, Disposition::dead_letter);
}

TEST(BulkRun, FindsTheOneDocumentThatTheServerRefusesARequestFor) {
  ScriptedHttpServer server([](const SeenRequest& request) {
    return request.body.find("poison") == std::string::npos
               ? all_well(request)
               : Answer::answer(400,
                                R"({"error":{"type":"illegal_argument_exception","reason":"no"}})");
  });
  auto batch = writes(30);
  batch[4].body = R"({"poison":1})";
  const auto outcomes = run(server, batch);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ((*outcomes)[i].has_value(), i != 4) << i;
}

// Nothing is known about any write: the whole batch again.
TEST(BulkRun, GivesTheWholeBatchBackWhenNoAnswerIsOne) {
  const std::string whole = items(3, item(201));
  const std::string html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
  const std::vector<std::pair<const char*, std::string>> answers = {
      {"es.unavailable", Answer::answer(502, html)},
      {"es.unavailable", Answer::answer(503, "")},
      {"es.unavailable", Answer::answer(400, html)},
      {"es.bad_response", Answer::answer(200, html)},
      {"es.bad_response", Answer::answer(200, "")},
      {"es.bad_response", Answer::answer(200, whole.substr(0, whole.size() / 2))},
      {"es.bad_response", Answer::answer(200, whole + "}")},
      {"es.bad_response", Answer::answer(200, items(2, item(201)))},
      {"es.bad_response", Answer::answer(200, items(4, item(201)))},
      {"es.bad_response", Answer::answer(200, std::string(100'000, '['))},
      {"es.redirected", Answer::answer(302, "", "Location: http://127.0.0.1:1/\r\n")},
      {"es.forbidden",
       Answer::answer(401, R"({"error":{"type":"security_exception","reason":"no"}})")},
      {"es.unreachable", ""},
      {"es.timeout", "HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n{\"items\":["}};
  for (const auto& [code, bytes] : answers) {
    ScriptedHttpServer server([&, sent = false](const SeenRequest&) mutable {
      return std::exchange(sent, true) ? std::string() : bytes;
    });
    const auto outcomes = run(server, writes(3), {}, Milliseconds(300));
    ASSERT_FALSE(outcomes) << code << ' ' << bytes.substr(0, 200);
    EXPECT_EQ(outcomes.error().disposition, Disposition::retry);
    EXPECT_EQ(outcomes.error().code, code) << bytes.substr(0, 200);
    EXPECT_NE(outcomes.error().message.find(server.url()), std::string::npos);
  }
}

TEST(BulkRun, KeepsWhatIsKnownWhenOnlyOneRequestIsLost) {
  ScriptedHttpServer server([](const SeenRequest& request) {
    if (request.body.find("\"_id\":\"0\"") != std::string::npos) return std::string();
    return all_well(request);
  });
  const auto outcomes = run(server, writes(500), {.documents = 250, .in_flight = 2});
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_EQ((*outcomes)[0].error().disposition, Disposition::retry);
  EXPECT_EQ((*outcomes)[249].error().disposition, Disposition::retry);
  EXPECT_TRUE((*outcomes)[250] && (*outcomes)[499]);
}

TEST(BulkRun, StopsWaitingAtItsTimeOut) {
  std::promise<void> over;
  const std::shared_future<void> until = over.get_future().share();
  ScriptedHttpServer server([until](const SeenRequest&) {
    until.wait();
    return std::string();
  });
  const auto outcomes = run(server, writes(5), {.documents = 1}, Milliseconds(100));
  over.set_value();
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().code, "es.timeout");
  EXPECT_EQ(server.seen().size(), 4u);  // the fifth was not even tried
}

TEST(BulkRun, StopsWhenTheIndexIsGone) {
  ScriptedHttpServer server([](const SeenRequest& request) {
    return Answer::answer(200, items(items_in(request), item(404, "index_not_found_exception")));
  });
  const auto outcomes = run(server, writes(2000), {.documents = 10, .in_flight = 1});
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().disposition, Disposition::halt);
  EXPECT_EQ(outcomes.error().code, "es.index_gone");
  EXPECT_EQ(server.seen().size(), 1u);
}

}  // namespace
}  // namespace tailrace::sinks
