// Differences to JSON documents, also such as no server writes. What servers write is in the golden
// file partial_json.
#include "capture/binlog/json_diff.hpp"

#include <gtest/gtest.h>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/text_cursor.hpp"

namespace tailrace::capture {
namespace {

using namespace std::literals;

enum : char { replace = 0, insert = 1, remove = 2 };

std::string difference(char op, std::string_view path, std::string_view value = "") {
  std::string bytes(1, op);
  bytes += static_cast<char>(path.size());
  bytes += path;
  if (op == remove) return bytes;
  bytes += static_cast<char>(value.size());
  return bytes.append(value);
}

const std::string seven = "\x05\x07\x00"s;  // a small integer

std::string applied(std::string_view document, const std::string& differences) {
  std::string out;
  return apply_json_diff(document, differences, out) ? out : "refused";
}

TEST(JsonDiff, ReplacesInsertsAndRemovesWhereThePathSays) {
  const std::string document = R"({"a":[1,"x,]}\"",{}],"b":null,"cc":{"d":2}})";
  EXPECT_EQ(applied(document, difference(replace, "$.a[1]", seven)),
            R"({"a":[1,7,{}],"b":null,"cc":{"d":2}})");
  EXPECT_EQ(applied(document, difference(replace, "$", seven)), "7");
  EXPECT_EQ(applied(document, difference(insert, "$.a[0]", seven)),
            R"({"a":[7,1,"x,]}\"",{}],"b":null,"cc":{"d":2}})");
  EXPECT_EQ(applied(document, difference(insert, "$.a[9]", seven)),
            R"({"a":[1,"x,]}\"",{},7],"b":null,"cc":{"d":2}})");
  EXPECT_EQ(applied(document, difference(insert, "$.a[2].k", seven)),
            R"({"a":[1,"x,]}\"",{"k":7}],"b":null,"cc":{"d":2}})");
  EXPECT_EQ(applied(document, difference(insert, "$.\"bb\"", seven)),
            R"({"a":[1,"x,]}\"",{}],"b":null,"bb":7,"cc":{"d":2}})");
  EXPECT_EQ(applied(document, difference(remove, "$.cc.d")),
            R"({"a":[1,"x,]}\"",{}],"b":null,"cc":{}})");
  EXPECT_EQ(applied(document, difference(remove, "$.cc") + difference(remove, "$.a")),
            R"({"b":null})");
}

TEST(JsonDiff, RefusesWhatDoesNotFitTheDocument) {
  const std::string document = R"({"a":[1],"b":2})";
  for (const std::string& wrong :
       {difference(replace, "$.c", seven), difference(remove, "$.a[1]"), difference(remove, "$"),
        difference(insert, "$.b", seven), difference(insert, "$.b.c", seven),
        difference(insert, "$.a.c", seven), difference(replace, "$.b[0]", seven),
        difference(replace, "a", seven), difference(replace, "", seven),
        difference(replace, "$[", seven), difference(replace, "$.", seven),
        difference(replace, "$.\"a", seven), difference(replace, "$.\"\\q\"", seven),
        difference(replace, "$[99999999999999999999]", seven), difference(3, "$.a", seven),
        difference(replace, "$.a", "\x05"), "\x00"s, "\x00\x09$"s}) {
    EXPECT_EQ(applied(document, wrong), "refused") << testing::PrintToString(wrong);
  }
}

TEST(TextCursor, KnowsWhatStandsInAStringAsItIs) {
  for (std::size_t size = 0; size <= 20; ++size) {
    EXPECT_TRUE(is_plain_json(std::string(size, 'x').data(), size)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        const bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        ASSERT_EQ(is_plain_json(text.data(), size), plain) << size << " " << at << " " << byte;
      }
    }
  }
}

TEST(TextCursor, CopiesTextsOfEveryLength) {
  Arena arena;
  std::string expected;
  TextCursor cursor(arena, 1);
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string text =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"s.substr(0, size);
    cursor.make_room(2 * size + TextCursor::room_around_text);
    cursor.put(text);
    ASSERT_TRUE(cursor.put_plain(text, ',', ':'));
    cursor.make_room(size + 1 + TextCursor::room_around_text);
    ASSERT_TRUE(cursor.put_plain(text, 0, 0));
    ASSERT_FALSE(cursor.put_plain(text + '"', '{', ':'));
    expected += text + ",\"" + text + "\":\"" + text + "\"";
  }
  cursor.append([](std::string& to) { to += "end"; });
  EXPECT_EQ(cursor.finish(), expected + "end");
  EXPECT_EQ(arena.copy("next"), "next");
}

}  // namespace
}  // namespace tailrace::capture
