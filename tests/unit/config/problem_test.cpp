#include "config/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "tests/unit/config/loading.hpp"

namespace tailrace::config {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Problem example() {
  Problem problem;
  problem.file = "orders.yaml";
  problem.line = 33;
  problem.column = 38;
  problem.length = 4;
  problem.path = "events.rules[1].when";
  problem.code = "E0207";
  problem.message = "table shop.orders has no column 'totl'";
  problem.suggestion = "did you mean 'total'?";
  problem.fix = "total";
  problem.source_line = "      when: \"op == 'update' && after.totl > before.total * 1.5\"";
  return problem;
}

TEST(Problem, IsPrintedWithItsLineACaretAndAHint) {
  EXPECT_EQ(render(example(), false),
            "orders.yaml:33:38: error[E0207]: table shop.orders has no column 'totl'\n"
            "   33 |       when: \"op == 'update' && after.totl > before.total * 1.5\"\n"
            "                                             ^^^^ did you mean 'total'?\n");
}

TEST(Problem, ColoursOnlyTheSeverityAndTheCaret) {
  const std::string text = render(example(), true);
  EXPECT_THAT(text, HasSubstr("\033[1;31merror[E0207]\033[0m: table"));
  EXPECT_THAT(text,
              HasSubstr("\033[1;31m                                             ^^^^\033[0m did"));
}

TEST(Problem, CountsWideCharactersAsTwoCells) {
  Problem problem = example();
  problem.source_line = "주문: x";
  problem.column = 5;
  problem.length = 1;
  EXPECT_THAT(render(problem, false), HasSubstr("   33 | 주문: x\n              ^ did"));
}

TEST(Problem, CannotDriveTheTerminal) {
  Problem problem = example();
  problem.message = "a\033[2Jb";
  problem.source_line = "x\033[31m\xFFy";
  EXPECT_EQ(render(problem, false).find('\033'), std::string::npos);
}

TEST(Problem, CutsALongLineAroundItsCaret) {
  Problem problem = example();
  problem.source_line = std::string(5000, 'a') + "HERE" + std::string(5000, 'b');
  problem.column = 5001;
  const std::string text = render(problem, false);
  EXPECT_LT(text.size(), 700u);
  EXPECT_THAT(text, HasSubstr("HERE"));
}

TEST(Problem, IsTheSameObjectInJson) {
  std::string json;
  append_json(json, example());
  rapidjson::Document parsed;
  parsed.Parse(json.c_str());
  ASSERT_FALSE(parsed.HasParseError());
  EXPECT_EQ(parsed["line"].GetInt(), 33);
  EXPECT_STREQ(parsed["suggestion"].GetString(), "did you mean 'total'?");
  for (const char* key :
       {"file", "line", "column", "path", "code", "message", "suggestion", "fix", "severity"}) {
    EXPECT_TRUE(parsed.HasMember(key)) << key;
  }
}

TEST(Problems, StopAtTwenty) {
  const std::vector<Problem> many(27, example());
  const std::string text = render_all(many, {});
  EXPECT_THAT(text, EndsWith("and 7 more\n"));
}

TEST(Problems, ErrorsComeFirstThenByPlace) {
  std::vector<Problem> problems(3, example());
  problems[0].severity = Severity::warning;
  problems[0].line = 1;
  problems[1].line = 9;
  problems[2].line = 2;
  sort_problems(problems);
  EXPECT_EQ(problems[0].line, 2);
  EXPECT_EQ(problems[1].line, 9);
  EXPECT_EQ(problems[2].line, 1);
}

// To accept a new text: tailrace validate six_mistakes.yaml 2> six_mistakes.txt, in that folder.
TEST(Problems, SixMistakesAreSixPositionedErrors) {
  LoadRequest request = request_of(read_text("tests/unit/config/data/six_mistakes.yaml"));
  request.file = "six_mistakes.yaml";
  const LoadResult loaded = load_pipeline(request);
  EXPECT_FALSE(loaded.spec.has_value());
  EXPECT_EQ(loaded.problems.size(), 6u);
  EXPECT_EQ(render_all(loaded.problems, {}), read_text("tests/unit/config/data/six_mistakes.txt"));
}

}  // namespace
}  // namespace tailrace::config
