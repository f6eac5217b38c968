#include "sinks/sqlite/document_text.hpp"

#include <gtest/gtest.h>

namespace tailrace::sinks {
namespace {

std::string text_of(std::string_view json) {
  std::string out;
  return append_document_text(out, json) ? out : "refused";
}

TEST(DocumentText, HoldsStringValuesOnly) {
  EXPECT_EQ(text_of(R"({"id":7,"a":"one","b":{"c":"two","d":[ "three" ,{"e":"four"}]},"f":true})"),
            "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(text_of("{}"), "");
  EXPECT_EQ(text_of(" { \"a\" : \"x\" } \n"), "x\n");
}

TEST(DocumentText, LeavesTheTopLevelMetaOut) {
  EXPECT_EQ(text_of(R"({"_tailrace":{"a":"no","b":[{"c":"no"}]},"z":"yes"})"), "yes\n");
  EXPECT_EQ(text_of(R"({"z":"yes","_tailrace":{"a":"no"}})"), "yes\n");
  EXPECT_EQ(text_of(R"({"_tailrace":"no","z":"yes"})"), "yes\n");
  EXPECT_EQ(text_of(R"({"_tailrace":["no",["no"]],"z":"yes"})"), "yes\n");
  EXPECT_EQ(text_of(R"({"a":{"_tailrace":"yes"},"b":"_tailrace"})"), "yes\n_tailrace\n");
}

TEST(DocumentText, UndoesEscapes) {
  EXPECT_EQ(text_of(R"({"a":"x\ny \"q\" \\ \/"})"), "x y \"q\" \\ /\n");
  EXPECT_EQ(text_of(R"({"a":"\uAE40\u00e9\u0041 \ud83d\ude00"})"), "김éA 😀\n");
  EXPECT_EQ(text_of(R"({"a":"\ud83d \ude00 \ud83d\u0041 \u12"})"), "\uFFFD \uFFFD \uFFFDA 12\n");
  EXPECT_EQ(text_of(R"({"a\":":"x","b":"\\"})"), "x\n\\\n");
}

TEST(DocumentText, RefusesWhatIsNotOneObject) {
  for (const char* bad : {"", "1", "[]", "\"x\"", "{", "}", "{}{}", "{} x", R"({"a":)",
                          R"({"a":"x)", R"({"a":"x\)", "{]", R"({"a":[})", "nonsense"}) {
    EXPECT_EQ(text_of(bad), "refused") << bad;
  }
  EXPECT_EQ(text_of("{\"a\":" + std::string(100'000, '[')), "refused");
}

}  // namespace
}  // namespace tailrace::sinks
