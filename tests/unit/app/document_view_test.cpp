// How get and search show documents.
#include "app/verbs/document_view.hpp"

#include <gtest/gtest.h>

namespace tailrace::app {
namespace {

TEST(DocumentView, IndentsAndKeepsEveryDigit) {
  EXPECT_EQ(
      pretty_json(R"({"a":18446744073709551615,"b":"10.50","c":[],"d":{ },"e":[1,{"f":1e-7}]})"),
      "{\n  \"a\": 18446744073709551615,\n  \"b\": \"10.50\",\n  \"c\": [],\n  \"d\": {},\n"
      "  \"e\": [\n    1,\n    {\n      \"f\": 1e-7\n    }\n  ]\n}");
}

TEST(DocumentView, LeavesTextsAlone) {
  EXPECT_EQ(pretty_json(R"({"a":"x{,:[\"]}","b":"램프 🎉"})"),
            "{\n  \"a\": \"x{,:[\\\"]}\",\n  \"b\": \"램프 🎉\"\n}");
  EXPECT_EQ(pretty_json("{\"a\":\"\xc2\x9b"
                        "2J\x7f\xc2\xa9\"}"),
            "{\n  \"a\": \"\\u009b2J\\u007f©\"\n}");
}

TEST(DocumentView, SurvivesWhatIsNotJson) {
  for (const char* text : {"", "}", "]]]", "\"", "\"\\", "{\"a", "[[[", ",,,:::"}) {
    pretty_json(text);
    compact_json(text);
    summary_line("1", text, 80);
  }
  summary_line("1", std::string(1'000'000, '['), 80);
}

TEST(DocumentView, FitsIntoOneLine) {
  EXPECT_EQ(compact_json("{ \"a b\" : [ 1 ,\n 2 ] ,\t\"c\":\"x  y\" }\n"),
            R"({"a b":[1,2],"c":"x  y"})");
}

TEST(DocumentView, SummarizesTheTopLevel) {
  EXPECT_EQ(
      summary_line("7",
                   R"({"id":7,"status":"PAID","total":"10.50","note":null,"customer":{"id":1},)"
                   R"("items":[{"id":1},{"id":2}],"paid":true,"_tailrace":{"version":1}})",
                   100),
      "status PAID · total 10.50 · items [2] · paid true");
}

TEST(DocumentView, CutsBetweenCharacters) {
  EXPECT_EQ(
      summary_line(
          "1",
          R"({"a":"가나다라마바사아자차카타파하가나다라마바사아자차카타파하가나다라마바사아자차카타파하"})",
          100),
      "a 가나다라마바사아자차카타파하가나다라마바사아자차카타파하가나다라마바사아자차카…");
  EXPECT_EQ(summary_line("1", R"({"a":"line\nbreak","b":"xxxxxxxxxxxxxxxxxxxx","c":1})", 20),
            "a line break · b xxxxxxxxxxxxxxxxxxxx");
}

}  // namespace
}  // namespace tailrace::app
