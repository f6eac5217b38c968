// tailrace replay, as a person runs it: a pipeline over golden files, no server anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "app/readers.hpp"
#include "app/verbs/verb.hpp"
#include "config/loader.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace tailrace::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const fs::path golden = fs::path(TAILRACE_SOURCE_DIR) / "tests" / "golden";

class Replay : public testing::Test {
 protected:
  Replay() { write_pipeline("documents"); }

  void write_pipeline(const std::string& table) {
    folder_.write("pipeline.yaml",
                  "tailrace: 1\nname: offline\n"
                  "source:\n  mysql:\n    user: nobody\n"
                  "    password: { env: TAILRACE_TEST_NO_SUCH_VARIABLE }\n"
                  "    shards: { s0: \"127.0.0.1:1/golden\" }\n"
                  "documents:\n  thing: { root: " +
                      table +
                      ", id: \"{id}\" }\n"
                      "serve: { listen: \"127.0.0.1:0\" }\nlog: { level: error }\n"
                      "state: { dir: \"" +
                      folder_.file("state") + "\" }\n");
  }

  struct Outcome {
    int code;
    std::string err;
  };
  Outcome replay(std::vector<std::string> arguments) {
    const auto verb = replay_verb();
    CLI::App command;
    verb->declare(command);
    arguments.insert(arguments.begin(), folder_.file("pipeline.yaml"));
    std::reverse(arguments.begin(), arguments.end());  // CLI11 wants them so
    command.parse(arguments);
    testing::internal::CaptureStderr();
    const int code = verb->run({.quiet = true});
    return {code, testing::internal::GetCapturedStderr()};
  }

  // "" : not there.
  std::string document(const std::string& id) {
    config::LoadRequest request;
    request.file = folder_.file("pipeline.yaml");
    request.require_environment = false;
    const auto loaded = config::load_pipeline(request);
    const auto reader = open_reader(*loaded.spec, "thing");
    const auto body = (*reader)->get(id);
    return body && *body ? **body : "";
  }

  TemporaryFolder folder_;
};

TEST_F(Replay, MakesDocumentsOfAFileAlone) {
  const Outcome first = replay({"--binlog", golden / "json.binlog"});
  ASSERT_EQ(first.code, kOk) << first.err;
  EXPECT_THAT(document("26"), HasSubstr("\"a\":\"changed\""));
  EXPECT_THAT(document("26"), HasSubstr("\"new\":[1,2]"));
  EXPECT_THAT(document("26"), HasSubstr("\"_tailrace\":{\"version\":"));
  EXPECT_EQ(document("25"), "") << "the row was deleted";
  // The same again changes nothing, not even a version.
  const std::string before = document("26");
  const Outcome again = replay({"--binlog", golden / "json.binlog"});
  EXPECT_EQ(again.code, kOk) << again.err;
  EXPECT_EQ(document("26"), before);
}

TEST_F(Replay, SaysWhichTableIsNotInTheFiles) {
  const Outcome outcome = replay({"--binlog", golden / "types.binlog"});
  EXPECT_EQ(outcome.code, kEnvironment);
  EXPECT_THAT(outcome.err, HasSubstr("no row of golden.documents was changed in the files"));
  EXPECT_THAT(outcome.err, HasSubstr("give its definition with --schema FILE.sql"));
}

TEST_F(Replay, StopsAtDamageWithItsPlace) {
  std::ifstream in(golden / "json.binlog", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  bytes[bytes.size() - 500] ^= 1;
  folder_.write("damaged", bytes);
  const Outcome outcome = replay({"--binlog", folder_.file("damaged")});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, HasSubstr(folder_.file("damaged")));
  EXPECT_THAT(outcome.err, HasSubstr("[binlog.checksum]"));
}

TEST_F(Replay, RefusesWhatIsNoFile) {
  const Outcome pipe = replay({"--binlog", "-"});
  EXPECT_EQ(pipe.code, kUsage);
  EXPECT_THAT(pipe.err, HasSubstr("a pipe cannot be"));
  EXPECT_EQ(replay({"--binlog", "mysql://nobody@127.0.0.1:1/golden"}).code, kUsage);
  EXPECT_EQ(replay({"--binlog", folder_.file("nothing")}).code, kEnvironment);
  const std::string file = golden / "json.binlog";
  EXPECT_EQ(replay({"--schema", "/dev/null", "--binlog", file}).code, kUsage);
  EXPECT_EQ(replay({"--schema", folder_.file("no.sql"), "--binlog", file}).code, kEnvironment);
}

TEST_F(Replay, ReportsMistakesInThePipelineFile) {
  write_pipeline("documents, nonsense: 1");
  const Outcome outcome = replay({"--binlog", golden / "json.binlog"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("nonsense"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("[binlog")));
}

}  // namespace
}  // namespace tailrace::app
