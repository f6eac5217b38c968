// get, search, status and version as a person or a script runs them, on a SQLite sink.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/admin/http_server.hpp"
#include "app/readers.hpp"
#include "app/verbs/verb.hpp"
#include "sinks/sqlite/sqlite_sink.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace tailrace::app {
namespace {

using engine::Phase;
using testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

class VerbsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("pipeline.yaml",
                  "tailrace: 1\nname: shop\n"
                  "source: { mysql: { user: t, password: { env: NOT_SET_ANYWHERE },"
                  " shards: { s0: \"127.0.0.1:3306/shop\" } } }\n"
                  "documents: { order: { root: orders, id: \"{id}\" },"
                  " user: { root: users, id: \"{id}\" } }\n"
                  "sinks: { local: { sqlite: { path: a.db }, document: order },"
                  " other: { sqlite: { path: b.db }, document: order },"
                  " people: { sqlite: { path: b.db }, document: user } }\n"
                  "serve: { listen: \"127.0.0.1:0\" }\n"
                  "state: { dir: " +
                      folder_.path() + " }\n");
    fill("a.db", R"({"id":7,"status":"PAID","name":"램프"})");
    fill("b.db", R"({"id":7,"status":"OTHER","name":"램프"})");
  }

  void fill(const std::string& file, const std::string& body) const {
    auto sink = sinks::open_sqlite_sink({.path = folder_.file(file), .document = "order"});
    ASSERT_TRUE(sink) << sink.error().message;
    ASSERT_TRUE((*sink)->open());
    ASSERT_TRUE((*sink)->apply(std::vector<DocumentWrite>{{"7", Version(1, 1), false, body}}));
  }

  Outcome run(std::unique_ptr<Verb> verb, std::vector<std::string> arguments,
              const Output& output = {}) const {
    CLI::App command;
    verb->declare(command);
    arguments.insert(arguments.end(), {"--pipeline", folder_.file("pipeline.yaml")});
    std::reverse(arguments.begin(), arguments.end());  // CLI11 wants them so
    command.parse(arguments);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = verb->run(output);
    std::fflush(stdout);
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    return outcome;
  }

  TemporaryFolder folder_;
};

TEST_F(VerbsTest, GetShowsADocument) {
  const Outcome shown = run(get_verb(), {"order", "7"});
  EXPECT_EQ(shown.code, kOk) << shown.err;
  EXPECT_EQ(shown.out, "{\n  \"id\": 7,\n  \"status\": \"PAID\",\n  \"name\": \"램프\"\n}\n");
  EXPECT_EQ(shown.err, "");
  const Outcome line = run(get_verb(), {"order", "7", "--sink", "other"}, {.json = true});
  EXPECT_EQ(line.out, "{\"id\":7,\"status\":\"OTHER\",\"name\":\"램프\"}\n");
}

TEST_F(VerbsTest, GetSaysWhatIsMissing) {
  const Outcome absent = run(get_verb(), {"order", "8"});
  EXPECT_EQ(absent.code, kFailed);
  EXPECT_EQ(absent.out, "");
  EXPECT_THAT(absent.err, HasSubstr("tailrace: there is no order '8'"));
  const Outcome type = run(get_verb(), {"orders", "7"});
  EXPECT_EQ(type.code, kUsage);
  EXPECT_THAT(type.err, HasSubstr("has no document type 'orders'; it has: order, user"));
  const Outcome sink = run(get_verb(), {"order", "7", "--sink", "x"});
  EXPECT_EQ(sink.code, kUsage);
  EXPECT_THAT(sink.err, HasSubstr("it has: local, other"));
  const Outcome nothing = run(get_verb(), {"user", "7"});
  EXPECT_EQ(nothing.code, kEnvironment);
  EXPECT_THAT(nothing.err, HasSubstr("has the pipeline run yet?"));
}

TEST_F(VerbsTest, SearchListsWhatItFinds) {
  const Outcome found = run(search_verb(), {"order", "램프", "paid"});
  EXPECT_EQ(found.code, kOk) << found.err;
  EXPECT_EQ(found.out, "7  status PAID · name 램프\n");
  const Outcome line = run(search_verb(), {"order", "paid"}, {.json = true});
  EXPECT_EQ(line.out,
            "{\"id\":\"7\",\"document\":{\"id\":7,\"status\":\"PAID\",\"name\":\"램프\"}}\n");
  const Outcome none = run(search_verb(), {"order", "chair"});
  EXPECT_EQ(none.code, kOk);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, "no order holds: chair\n");
}

TEST_F(VerbsTest, StatusAsksTheRunningProcess) {
  const Outcome away = run(status_verb(), {});
  EXPECT_EQ(away.code, kEnvironment);
  EXPECT_THAT(away.err, HasSubstr("shop does not run here: there is no " + folder_.path() +
                                  "/admin.json; "
                                  "start it with: tailrace run "));
  engine::StatusBoard board;
  const auto server =
      AdminServer::start({"shop", {}, {.port = 0, .token = {}}, folder_.path()}, board, nullptr);
  ASSERT_TRUE(server) << server.error().message;
  board.set("capture", Phase::snapshotting);
  const Outcome shown = run(status_verb(), {});
  EXPECT_EQ(shown.code, kOk) << shown.err;
  EXPECT_TRUE(shown.out.starts_with("shop: Snapshotting, since ")) << shown.out;
  const Outcome waited =
      run(status_verb(), {"--wait", "streaming", "--timeout", "300ms"}, {.quiet = true});
  EXPECT_EQ(waited.code, kFailed);
  EXPECT_EQ(waited.out, "");
  EXPECT_THAT(waited.err, HasSubstr("not streaming within 300ms: Snapshotting"));
  board.set("capture", Phase::streaming);
  EXPECT_EQ(run(status_verb(), {"--wait", "streaming"}, {.quiet = true}).code, kOk);
  EXPECT_THAT(run(status_verb(), {}, {.json = true}).out, HasSubstr("\"status\":\"streaming\""));
}

TEST_F(VerbsTest, StatusIsNotTakenInByAnotherPipeline) {
  engine::StatusBoard board;
  const auto server =
      AdminServer::start({"other", {}, {.port = 0, .token = {}}, folder_.path()}, board, nullptr);
  ASSERT_TRUE(server) << server.error().message;
  const Outcome outcome = run(status_verb(), {});
  EXPECT_EQ(outcome.code, kEnvironment);
  EXPECT_THAT(outcome.err, HasSubstr("is the pipeline 'other'"));
}

TEST_F(VerbsTest, StatusRefusesAnUnknownWordAndATimeWithoutUnit) {
  EXPECT_THROW(run(status_verb(), {"--wait", "happy"}), CLI::ValidationError);
  EXPECT_THROW(run(status_verb(), {"--timeout", "60"}), CLI::ValidationError);
}

TEST_F(VerbsTest, PauseAndResumeAskTheRunningProcess) {
  EXPECT_THROW(run(pause_verb(), {}), CLI::RequiredError);
  EXPECT_EQ(run(pause_verb(), {"--fan-out"}).code, kEnvironment);
  engine::StatusBoard board;
  engine::FanoutValve valve;
  auto server = AdminServer::start({"shop", {}, {.port = 0, .token = {}}, folder_.path(), &valve},
                                   board, nullptr);
  ASSERT_TRUE(server) << server.error().message;
  const Outcome paused = run(pause_verb(), {"--fan-out"});
  EXPECT_EQ(paused.code, kOk) << paused.err;
  EXPECT_THAT(paused.out, HasSubstr("paused until: tailrace resume --fan-out"));
  EXPECT_TRUE(valve.is_paused());
  const Outcome line = run(resume_verb(), {"--fan-out"}, {.json = true});
  EXPECT_EQ(line.out, "{\"what\":\"fanout\",\"paused_since\":null}\n");
  EXPECT_FALSE(valve.is_paused());
  server->reset();
  const auto capture =
      AdminServer::start({"shop", {}, {.port = 0, .token = {}}, folder_.path()}, board, nullptr);
  ASSERT_TRUE(capture) << capture.error().message;
  const Outcome refused = run(pause_verb(), {"--fan-out"});
  EXPECT_EQ(refused.code, kFailed);
  EXPECT_THAT(refused.err, HasSubstr("this process writes no documents; ask a process that runs "));
}

TEST(VersionVerb, NamesTheLibraries) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(version_verb()->run({.json = true}), kOk);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_TRUE(out.starts_with("{\"version\":\"" TAILRACE_VERSION "\",\"compiler\":\"")) << out;
  for (const char* library : {"librdkafka", "rocksdb", "sqlite", "mysql client"}) {
    EXPECT_THAT(out, HasSubstr(std::string("\"") + library + "\":\""));
  }
}

}  // namespace
}  // namespace tailrace::app
