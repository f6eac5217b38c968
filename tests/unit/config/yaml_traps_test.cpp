#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/config/loading.hpp"

namespace tailrace::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Trap {
  std::string name;
  std::string text;
  std::string place;  // of the first problem
  std::string says;   // part of what is printed
};

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string alias_bomb() {
  std::string out = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    out += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before +
           repeated(", " + before, 8) + "]\n";
  }
  return out;
}

class YamlTrap : public ::testing::TestWithParam<Trap> {};

TEST_P(YamlTrap, IsReportedAtItsPlace) {
  const LoadResult loaded = load_text(GetParam().text);
  ASSERT_FALSE(loaded.spec.has_value());
  ASSERT_FALSE(loaded.problems.empty());
  EXPECT_EQ(places(loaded).front(), GetParam().place) << all_text(loaded);
  EXPECT_THAT(all_text(loaded), HasSubstr(GetParam().says));
}

const std::string kBillionDepth = "a: " + repeated("[", 100'000) + repeated("]", 100'000);

INSTANTIATE_TEST_SUITE_P(
    Traps, YamlTrap,
    ::testing::Values(
        Trap{"Empty", "", "E0101 1:1", "the file is empty"},
        Trap{"OnlyAComment", "# nothing\n", "E0101 1:1", "the file is empty"},
        Trap{"OnlyAMarker", "---\n", "E0101 1:1", "the file is empty"},
        Trap{"NoMapping", "hello\n", "E0203 1:1", "holds no mapping"},
        Trap{"TooLarge", std::string((1u << 20) + 1, '#'), "E0102 0:0", "larger than 1024 KiB"},
        Trap{"NotUtf8", "tailrace: 1\nname: sh\xFFop\n", "E0103 2:9", "not valid UTF-8"},
        Trap{"Surrogate", "name: \xED\xA0\x80\n", "E0103 1:7", "not valid UTF-8"},
        Trap{"Nul", std::string("tailrace: 1\nname: a") + '\0' + "b\n", "E0104 2:8",
             "control character"},
        Trap{"Escape", "name: \x1B[31m\n", "E0104 1:7", "control character"},
        Trap{"LoneCarriageReturn", "a: 1\rb: 2\n", "E0104 1:5", "control character"},
        Trap{"TabIndent", "source:\n\tmysql: 1\n", "E0114 2:1", "indent with spaces"},
        Trap{"TwoDocuments", kHead + "---\nname: other\n", "E0108 11:1", "second document"},
        Trap{"DuplicateKey", kHead + "name: again\n", "E0106 10:1", "the first is on line 2"},
        Trap{"DuplicateNestedKey", kHead + "  orders: { exclude: [a] }\n", "E0106 10:3",
             "'orders' is written twice"},
        Trap{"MergeKey", kHead + "  items: &b { exclude: [x] }\n  other: { <<: *b }\n",
             "E0107 11:12", "merge keys"},
        Trap{"LocalTag", "name: !custom x\n", "E0111 1:7", "remove it"},
        Trap{"CoreTag", "name: !!str x\n", "E0111 1:7", "plain text"},
        Trap{"CyclicAnchor", "a: &x [*x]\n", "E0112 1:8", "inside what it names"},
        Trap{"UnknownAnchor", "name: *nobody\n", "E0105 1:7",
             "quotes around a value that starts with *"},
        Trap{"AliasBomb", alias_bomb(), "E0109 5:35", "more than 50000 values"},
        Trap{"FlowNesting", kBillionDepth, "E0110 1:67", "deeper than 64 levels"},
        Trap{"MapNesting", "a: " + repeated("{a: ", 100'000) + repeated("}", 100'000),
             "E0110 1:256", "deeper than 64 levels"},
        Trap{"BlockNesting", repeated("- ", 100'000), "E0110 1:129", "deeper than 64 levels"},
        Trap{"ComplexKey", "? [a, b]\n: c\n", "E0113 1:3", "plain text"},
        Trap{"FlowKey", "{a: 1}: b\n", "E0113 1:1", "plain text"},
        Trap{"OpenBrace", "name: { a: 1\n", "E0105 2:1", "a { is never closed"},
        Trap{"OpenQuote", "name: \"shop\n", "E0105 1:7", "a quote is never closed"},
        Trap{"OpenSingleQuote", "name: &a 'it''s\nshop", "E0105 2:5", "a quote is never closed"},
        Trap{"LongFlowKey", std::string(100'000, '['), "E0113 1:1", "plain text"},
        Trap{"SecondColon", "name: a: b\n", "E0105 1:8", "put quotes around a value"},
        Trap{"StrayBracket", "name: shop\n]\n", "E0105 2:1", "closes nothing"},
        Trap{"BadIndent", "source:\n    mysql: 1\n  x: 2\n", "E0105 3:3", "indent"},
        Trap{"EmptyKey", ": x\n", "E0113 1:1", "a key is empty"}),
    [](const auto& test) { return test.param.name; });

TEST(YamlTree, AcceptsAByteOrderMarkAndWindowsLineEnds) {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : kHead) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const LoadResult loaded = load_text(text);
  EXPECT_TRUE(loaded.spec.has_value()) << all_text(loaded);
  EXPECT_EQ(loaded.spec->name, "shop");
}

TEST(YamlTree, KeepsPlacesBehindWindowsLineEnds) {
  const LoadResult loaded = load_text("tailrace: 1\r\nname: shop\r\nsauce: 1\r\n");
  EXPECT_EQ(places(loaded).back(), "E0201 3:1") << all_text(loaded);
}

TEST(YamlTree, KeysAndValuesAreRawText) {
  const LoadResult loaded =
      load_text(kHead +
                "  no: { exclude: [yes, 010, 1_000, 12:30, 0o17, 1e3, .inf] }\n"
                "  on: { exclude: [null, ~, 'null'] }\n"
                "  null:\n");
  EXPECT_THAT(places(loaded), ElementsAre("E0203 11:19", "E0203 11:25")) << all_text(loaded);
  const LoadResult good =
      load_text(kHead + "  no: { exclude: [yes, 010, 1_000, 12:30, 0o17] }\n  ~:\n");
  ASSERT_TRUE(good.spec.has_value()) << all_text(good);
  EXPECT_EQ(good.spec->tables[1].name, "no");
  EXPECT_THAT(good.spec->tables[1].exclude, ElementsAre("yes", "010", "1_000", "12:30", "0o17"));
  EXPECT_EQ(good.spec->tables[2].name, "~");
}

TEST(YamlTree, PointsAtTheKeyOfAnEmptyValue) {
  const LoadResult loaded = load_text(
      "tailrace: 1\nname:\nsource:\n  mysql:\n    user: x\n    shards: { a: h/d }\ntables: { t: "
      "}\n");
  EXPECT_EQ(places(loaded).front(), "E0203 2:1") << all_text(loaded);
}

TEST(YamlTree, AliasesAreCopied) {
  const LoadResult loaded =
      load_text(kHead + "  a: &shape { exclude: [x], booleans: [y] }\n  b: *shape\n");
  ASSERT_TRUE(loaded.spec.has_value()) << all_text(loaded);
  EXPECT_THAT(loaded.spec->tables[2].exclude, ElementsAre("x"));
}

TEST(YamlTree, SaysOnceWhatAnAliasRepeats) {
  const LoadResult loaded =
      load_text(kHead + "  a: &shape { exclde: [x] }\n  b: *shape\n  c: *shape\n");
  EXPECT_THAT(places(loaded), ElementsAre("E0201 10:15"));
}

// A file of one MiB that is slow to read would be a way to stop a service that validates.
TEST(YamlTree, HostileFilesAreRefusedQuickly) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string unit : {"[", "{", "- ", "? ", "a: ", "&a ", "!t ", "'", "\"", "*a ", "[],",
                                 "x\n", "a: b\n", "- a\n", "%\n"}) {
    const LoadResult loaded = load_text(repeated(unit, (1u << 20) / unit.size()));
    EXPECT_FALSE(loaded.spec.has_value()) << unit;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(YamlTree, ReportsAFileThatIsNotThere) {
  LoadRequest request;
  request.file = "/nowhere/pipeline.yaml";
  const LoadResult loaded = load_pipeline(request);
  EXPECT_THAT(
      all_text(loaded),
      HasSubstr("/nowhere/pipeline.yaml: error[E0100]: cannot read the file: No such file"));
  request.file = "/";
  EXPECT_THAT(all_text(load_pipeline(request)), HasSubstr("it is a folder"));
}

}  // namespace
}  // namespace tailrace::config
