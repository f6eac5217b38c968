// tailrace binlog as a person or a script runs it, on the golden files and on files of others.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "app/binlog/change_counts.hpp"
#include "app/verbs/verb.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/capture_binlog/event_bytes.hpp"

namespace tailrace::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

const fs::path golden = fs::path(TAILRACE_SOURCE_DIR) / "tests" / "golden";

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> arguments, const Output& output = {}) {
  const auto verb = binlog_verb();
  CLI::App command;
  verb->declare(command);
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

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class GoldenLines : public testing::TestWithParam<std::string> {};

TEST_P(GoldenLines, AreWhatTheVerbPrints) {
  std::string name = GetParam();
  const Outcome outcome = run({golden / (name + ".binlog")}, {.quiet = true});
  EXPECT_EQ(outcome.code, kOk);
  EXPECT_EQ(outcome.err, "");
  std::replace(name.begin(), name.end(), '/', '-');
  if (name.starts_with("lines-")) name.erase(0, 6);
  const fs::path expected = golden / "lines" / (name + ".jsonl");
  if (std::getenv("TAILRACE_WRITE_GOLDEN") != nullptr) std::ofstream(expected) << outcome.out;
  EXPECT_EQ(outcome.out, read_file(expected));
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenLines,
                         testing::Values("images", "charsets", "mariadb/types",
                                         "mariadb/compressed", "lines/minimal", "lines/statements"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

TEST(BinlogVerb, TellsTheSameOfAPipeAsOfAFile) {
  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const char* name : {"images.binlog", "payload.binlog", "types.binlog"}) {
    const std::string bytes = read_file(golden / name);
    fs::create_directory(folder.file("plain"));
    const std::string copy = folder.file("plain") + "/pipe";
    std::ofstream(copy, std::ios::binary) << bytes;
    std::jthread writer([&] { std::ofstream(pipe, std::ios::binary) << bytes; });
    const Outcome piped = run({pipe});
    EXPECT_EQ(piped.code, kOk) << piped.err;
    EXPECT_EQ(piped.out, run({copy}).out);
  }
}

TEST(BinlogVerb, CountsRowsPerTableAndOperation) {
  const Outcome people = run({"--count", golden / "images.binlog"});
  EXPECT_EQ(people.code, kOk);
  EXPECT_EQ(people.out,
            "table                 inserts      updates      deletes\n"
            "golden.composite            3            1            0\n"
            "golden.t                    5            8            5\n");
  const Outcome programs =
      run({"--count", "--table", "t", golden / "images.binlog"}, {.json = true});
  EXPECT_EQ(programs.out,
            "{\"schema\":\"golden\",\"table\":\"t\",\"insert\":5,\"update\":8,\"delete\":5}\n");
}

TEST(BinlogVerb, SelectsByNameAndGtid) {
  const std::string file = golden / "images.binlog";
  const std::string all = run({file}).out;
  EXPECT_EQ(run({"--database", "golden", file}).out, all);
  EXPECT_EQ(run({"--database", "other", file}).out, "");
  const std::string composite = run({"--table", "golden.composite", file}).out;
  EXPECT_EQ(lines_of(composite), 5u) << composite;
  EXPECT_EQ(run({"--table", "other.composite", file}).out, "");
  EXPECT_EQ(lines_of(run({"--table", "composite", "--table", "t", file}).out), lines_of(all));
  const std::string uuid = "0e13da37-e551-11f1-a9df-02fc00000001";
  const std::string some = run({"--gtids", uuid + ":217:229", file}).out;
  EXPECT_EQ(lines_of(some), 6u) << some;
  EXPECT_THAT(some, StartsWith("{\"op\":\"insert\",\"source\":{\"file\":\"images.binlog\","
                               "\"pos\":1019,"));
  EXPECT_THAT(some, HasSubstr("\"tx_seq\":3,\"row\":2,"));
}

TEST(BinlogVerb, SelectsByMariadbGtid) {
  const std::string file = golden / "mariadb" / "types.binlog";
  const std::string all = run({file}).out;
  const std::size_t at = all.find("\"gtid\":\"") + 8;
  const std::string gtid = all.substr(at, all.find('"', at) - at);
  EXPECT_THAT(gtid, testing::ContainsRegex("^0-[0-9]+-[0-9]+$"));
  const std::string some = run({"--gtids", gtid, file}).out;
  EXPECT_GT(lines_of(some), 0u);
  EXPECT_LT(lines_of(some), lines_of(all));
  EXPECT_EQ(all.find(some), 0u) << "not the first transaction: " << some;
}

TEST(BinlogVerb, ReadsBetweenPositions) {
  const std::string file = golden / "images.binlog";
  const std::string all = run({file}).out;
  // Where the GTID event of the transaction begins whose first rows are at 1019.
  const Outcome some = run({"--start-position", "778", "--stop-position", "1100", file});
  EXPECT_EQ(some.code, kOk) << some.err;
  EXPECT_EQ(lines_of(some.out), 3u) << some.out;
  EXPECT_THAT(some.out, HasSubstr("\"xid\":8950,\"tx_seq\":1,\"row\":0,"));
  const Outcome amid = run({"--start-position", "779", file});
  EXPECT_EQ(amid.code, kUsage);
  EXPECT_EQ(amid.out, "");
  EXPECT_THAT(amid.err, HasSubstr("offset 779"));
  EXPECT_THAT(amid.err, HasSubstr("--start-position must be where an event begins"));
  const Outcome rows = run({"--start-position", "1019", file});
  EXPECT_EQ(rows.code, kFailed);
  EXPECT_THAT(rows.err, HasSubstr("WRITE_ROWS event at offset 1019: no TABLE_MAP before it"));
  EXPECT_EQ(run({"--stop-position", "4", file}).out, "");
  const std::string size = std::to_string(fs::file_size(file));
  const Outcome end = run({"--start-position", size, file});
  EXPECT_EQ(end.code, kOk) << end.err;
  const Outcome behind = run({"--start-position", "999999", file});
  EXPECT_EQ(behind.code, kUsage);
  EXPECT_THAT(behind.err, HasSubstr("images.binlog: it ends at offset " + size +
                                    ", before the start position 999999"));
  // The first position is of the first file, the last of the last.
  const Outcome two = run({"--start-position", "778", "--stop-position", "1100", file, file});
  EXPECT_EQ(lines_of(two.out), lines_of(all) - 2 + 5) << two.out;
}

TEST(BinlogVerb, SaysWhatItCannotRead) {
  const TemporaryFolder folder;
  const Outcome absent = run({folder.file("nothing")});
  EXPECT_EQ(absent.code, kEnvironment);
  EXPECT_THAT(absent.err, HasSubstr("cannot open " + folder.file("nothing")));
  folder.write("text", "# at 4\n#700101 server id 1\n");
  const Outcome text = run({folder.file("text")});
  EXPECT_EQ(text.code, kFailed);
  EXPECT_THAT(text.err, HasSubstr("not mysqlbinlog's text"));
  EXPECT_EQ(run({"-", "-"}).code, kUsage);
  const Outcome gtids = run({"--gtids", "nonsense", golden / "images.binlog"});
  EXPECT_EQ(gtids.code, kUsage);
  EXPECT_THAT(gtids.err, HasSubstr("--gtids: not a GTID position: 'nonsense'"));
}

TEST(BinlogVerb, RefusesOptionsThatDoNotFitItsInput) {
  const std::string file = golden / "images.binlog";
  const std::string server = "mysql://reader@127.0.0.1:1/shop";
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--follow", file}, "--follow is for a server"},
      {{"--start-position", "images.binlog:4", file}, "an offset alone: 4711"},
      {{"--start-position", "gtid:0-1-2", file}, "--gtids selects transactions"},
      {{"--start-position", "x:y", file}, "--start-position: 'x:y' is no position"},
      {{"--stop-position", "gtid:x", file}, "--stop-position: not a GTID position: 'x'"},
      {{server, file}, "a server is read alone"},
      {{file, server}, "a server is read alone"},
      {{"--start-position", "4711", server}, "names the file too: binlog.000042:4711"},
      {{"--stop-position", "gtid:0-1-2", server}, "gtid: is for --start-position"},
      {{"mysql://127.0.0.1:3306/shop"}, "it names no user"},
      {{"--schema", "mysql://127.0.0.1/shop", file}, "it names no user"},
      {{"--schema", "/dev/null", file}, "/dev/null: it defines no table"},
  };
  for (const auto& [arguments, message] : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kUsage) << message;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(message));
  }
  EXPECT_EQ(run({"--schema", "/nothing/here.sql", file}).code, kEnvironment);
}

TEST(BinlogVerb, SaysThatAServerCannotBeReachedAndKeepsThePasswordToItself) {
  const Outcome outcome = run({"mysql://reader:geheim@127.0.0.1:1/shop"});
  EXPECT_EQ(outcome.code, kEnvironment);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("warning: the password is on the command line"));
  EXPECT_THAT(outcome.err, HasSubstr("cannot connect to 127.0.0.1:1"));
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("geheim")));
}

// What follows the definition in lines/minimal.binlog, whose TABLE_MAPs have no names.
constexpr const char* behind_create_table = "582";

std::string without_sequence(std::string text) {
  for (std::size_t at = 0; (at = text.find("\"tx_seq\":", at)) != std::string::npos;) {
    text.erase(at, text.find(',', at) - at + 1);
  }
  return text;
}

TEST(BinlogVerb, TakesNamesFromASchemaFile) {
  const std::string file = golden / "lines" / "minimal.binlog";
  const Outcome without = run({"--start-position", behind_create_table, file});
  EXPECT_EQ(without.code, kOk) << without.err;
  EXPECT_THAT(without.out,
              HasSubstr("\"key\":null,\"after\":{\"c1\":4294967295,\"c2\":2,\"c3\":5,"));
  const std::string schema = golden / "lines" / "minimal.sql";
  const Outcome with = run({"--schema", schema, "--start-position", behind_create_table, file});
  EXPECT_EQ(with.code, kOk);
  EXPECT_EQ(with.err, "");
  const std::string lines = read_file(golden / "lines" / "minimal.jsonl");
  EXPECT_EQ(without_sequence(with.out), without_sequence(lines.substr(lines.find('\n') + 1)));
}

TEST(BinlogVerb, DoesNotBelieveASchemaThatTheBinlogContradicts) {
  const TemporaryFolder folder;
  std::string schema = read_file(golden / "lines" / "minimal.sql");
  schema.replace(schema.find("DECIMAL(8,2)"), 12, "DECIMAL(9,2)");
  folder.write("wrong.sql", schema);
  const std::string file = golden / "lines" / "minimal.binlog";
  const std::vector<std::string> arguments = {"--start-position", behind_create_table, file};
  const Outcome without = run(arguments);
  const Outcome with =
      run({"--schema", folder.file("wrong.sql"), "--start-position", behind_create_table, file});
  EXPECT_EQ(with.code, kOk);
  EXPECT_EQ(with.out, without.out);
  EXPECT_THAT(with.err, HasSubstr("minimal.binlog: TABLE_MAP event at offset 746: table "
                                  "golden.plain: column 7 'd': it is DECIMAL(8,2) in the binlog; "
                                  "its columns are shown as c1…c11"));
  EXPECT_EQ(lines_of(with.err), 1u) << with.err;
}

TEST(BinlogVerb, PrintsEverythingBeforeTheDamage) {
  const TemporaryFolder folder;
  std::string bytes = read_file(golden / "images.binlog");
  folder.write("cut", bytes.substr(0, 1500));
  const Outcome cut = run({folder.file("cut")});
  EXPECT_EQ(cut.code, kFailed);
  EXPECT_EQ(lines_of(cut.out), 5u) << cut.out;
  EXPECT_THAT(cut.err, HasSubstr("cut: it ends inside the "));
  EXPECT_THAT(cut.err, HasSubstr("copy it again [binlog.truncated]"));
  bytes[1100] = static_cast<char>(bytes[1100] ^ 1);
  folder.write("flipped", bytes);
  const Outcome flipped = run({folder.file("flipped")});
  EXPECT_EQ(flipped.code, kFailed);
  EXPECT_EQ(lines_of(flipped.out), 2u);
  EXPECT_THAT(flipped.err, HasSubstr("flipped: WRITE_ROWS event at offset 1019: its checksum is"));
  EXPECT_THAT(flipped.err, HasSubstr("[binlog.checksum]"));
  EXPECT_EQ(lines_of(run({"--start-position", "1172", folder.file("flipped")}).out), 19u);
}

// Rows that were decoded, and whether that was all.
std::pair<std::string, bool> counted(const std::string& path) {
  ChangeCounts counts;
  capture::ChangeWalk walk({}, counts);
  auto file = capture::BinlogFile::open(path);
  const bool whole = file && walk.read(*file, {}).has_value();
  return {counts.text(), whole};
}

TEST(BinlogVerb, NeverTellsAWrongRowOfADamagedFile) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(golden / "images.binlog");
  folder.write("damaged", bytes);
  const std::string path = folder.file("damaged");
  const auto [all, whole] = counted(path);
  ASSERT_TRUE(whole);
  const int file = ::open(path.c_str(), O_RDWR);
  ASSERT_GE(file, 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char flipped = static_cast<char>(bytes[i] ^ 0x55);
    ASSERT_EQ(::pwrite(file, &flipped, 1, static_cast<off_t>(i)), 1);
    const auto [rows, read] = counted(path);
    if (read) {
      ASSERT_EQ(rows, all) << "byte " << i;
    }
    ASSERT_EQ(::pwrite(file, &bytes[i], 1, static_cast<off_t>(i)), 1);
  }
  std::size_t boundaries = 0;
  for (std::size_t size = bytes.size(); size-- > 0;) {
    ASSERT_EQ(::ftruncate(file, static_cast<off_t>(size)), 0);
    boundaries += counted(path).second ? 1u : 0u;
  }
  ::close(file);
  EXPECT_EQ(boundaries, 74u) << "only between two events is a file whole";
}

TEST(BinlogVerb, SaysThatAFileIsEncrypted) {
  const TemporaryFolder folder;
  folder.write("mysql",
               "\xfd"
               "bin and what nobody can read");
  const Outcome mysql = run({folder.file("mysql")});
  EXPECT_EQ(mysql.code, kFailed);
  EXPECT_THAT(mysql.err, HasSubstr("is encrypted; read it from the server, which decrypts"));
  const std::string bytes = read_file(golden / "mariadb" / "types.binlog");
  const std::string head = bytes.substr(0, 4 + static_cast<unsigned char>(bytes[4 + 9]));
  const std::string key = capture::event_bytes(
      {capture::EventType::mariadb_start_encryption, std::string(21, '\1'), 0, true});
  folder.write("mariadb", head + key + std::string(300, 'U'));
  const Outcome mariadb = run({folder.file("mariadb")});
  EXPECT_EQ(mariadb.code, kFailed);
  EXPECT_THAT(mariadb.err, HasSubstr("START_ENCRYPTION event at offset 256: what follows is "
                                     "encrypted; read it from the server"));
}

TEST(BinlogVerb, EndsWithAnErrorBehindAnIncidentButPrintsEverything) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(golden / "images.binlog");
  const std::string incident =
      capture::event_bytes({capture::EventType::incident, std::string("\1\0\4gone", 7), 0, true});
  folder.write("images.binlog", bytes + incident);
  const Outcome outcome = run({folder.file("images.binlog")});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_EQ(outcome.out, run({golden / "images.binlog"}).out);
  EXPECT_THAT(outcome.err, HasSubstr("the server lost events here: gone"));
  EXPECT_THAT(outcome.err, HasSubstr("[binlog.incident]"));
}

// Files of other servers, beside the repository. What is not named here is read to its end.
TEST(BinlogVerb, ReadsEveryFileOfOthersToItsEndOrToItsDamage) {
  const fs::path folder = fs::path(TAILRACE_SOURCE_DIR).parent_path() / "shared" / "corpora";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no folder " << folder << ": nothing was read";
  const std::map<std::string, std::string> damaged = {
      {"README.md", "does not begin like a binlog"},
      {"binlog_truncated_event.000001", "header of the event at offset 4;"},
      {"binlog_truncated_prev_gtid_event.000001", "header of the event at offset 120;"},
      {"bug40482-bin.000001", "INCIDENT event at offset 106: an incident of unknown number"},
      {"corrupt-relay-bin.000624", "QUERY event at offset 91204: too short"},
      {"ver_5_1-wl2325_r.001", "an alpha whose event types have other numbers"},
      {"ver_5_1-wl2325_s.001", "an alpha whose event types have other numbers"},
  };
  std::size_t whole = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const Outcome lines = run({entry.path()}, {.quiet = true});
    const Outcome counts = run({"--count", entry.path()}, {.quiet = true});
    EXPECT_EQ(counts.code, lines.code) << entry.path();
    EXPECT_EQ(counts.err, lines.err);
    const auto expected = damaged.find(entry.path().filename());
    if (expected == damaged.end()) {
      EXPECT_EQ(lines.code, kOk) << lines.err;
      EXPECT_EQ(lines.err, "");
      ++whole;
    } else {
      EXPECT_EQ(lines.code, kFailed) << entry.path();
      EXPECT_THAT(lines.err, HasSubstr(expected->second));
    }
  }
  EXPECT_GT(whole, 30u);
}

}  // namespace
}  // namespace tailrace::app
