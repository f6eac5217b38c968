// Texts and conversions that the golden files do not reach, with the expected bytes written out.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "capture/binlog/binary_json.hpp"
#include "capture/binlog/charset.hpp"
#include "capture/binlog/decimal.hpp"
#include "capture/binlog/geometry.hpp"
#include "capture/binlog/json_text.hpp"
#include "capture/binlog/mariadb_temporal.hpp"
#include "capture/binlog/temporal.hpp"
#include "capture/binlog/text_value.hpp"

namespace tailrace::capture {
namespace {

using namespace std::string_literals;

std::string converted(std::string_view charset, std::string_view bytes, bool* repaired = nullptr) {
  const auto converter = CharsetConverter::create(charset);
  if (!converter) return "no converter";
  Arena arena;
  bool flag = false;
  std::string text(converter->to_utf8(bytes, arena, flag));
  if (repaired != nullptr) *repaired = flag;
  return text;
}

TEST(Charset, ValidUtf8IsNotCopied) {
  Arena arena;
  bool repaired = false;
  const std::string text = "plain, 한국어 and 😀, long enough for the fast path";
  EXPECT_EQ(valid_utf8(text, arena, repaired).data(), text.data());
  EXPECT_FALSE(repaired);
}

TEST(Charset, InvalidBytesBecomeReplacementCharacters) {
  Arena arena;
  bool repaired = false;
  EXPECT_EQ(valid_utf8("a\xff" "b\xc3", arena, repaired), "a\xef\xbf\xbd" "b\xef\xbf\xbd");
  EXPECT_TRUE(repaired);
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
  bool flag = false;
  EXPECT_EQ(converted("gbk", "\xd6\xd0\xff", &flag), "中\xef\xbf\xbd");
  EXPECT_TRUE(flag);
  EXPECT_EQ(converted("utf16", "\0a\xd8\x3d"s, &flag), "a\xef\xbf\xbd");
  EXPECT_TRUE(flag);
}

TEST(Charset, Latin1IsWindows1252WithControlsInItsHoles) {
  EXPECT_EQ(converted("latin1", "\x80\x81\xe9"), "€\xc2\x81é");
  EXPECT_EQ(converted("utf16le", "=\xd8\0\xde"s), "😀");
  EXPECT_EQ(converted("utf32", "\0\1\xf6\0"s), "😀");
  EXPECT_EQ(converted("klingon", ""), "no converter");
}

TEST(Charset, EastAsianOnesAreThoseOfTheServers) {
  EXPECT_EQ(converted("sjis", "\x81\x5f\\~\xb1"), "\\\\~ｱ");
  EXPECT_EQ(converted("cp932", "\x81\x5f\x87\x40"), "＼①");
  EXPECT_EQ(converted("big5", "\xa1\x45\xc6\xa1\xf9\xd5"), "•ヾ龘");
  EXPECT_EQ(converted("ujis", "\xa1\xc1\x8f\xa2\xb7\x8e\xb1\xa4\xa2"), "〜~ｱあ");
  EXPECT_EQ(converted("eucjpms", "\xa1\xc1\xad\xa1"), "～①");
  EXPECT_EQ(converted("euckr", "\xc7\xd1\x81\x41"), "한갂");
  EXPECT_EQ(converted("gb18030", "\xa6\xd9\x81\x30\x81\x30\x94\x39\xda\x33"),
            "\xee\x9e\x8d\xc2\x80💩");
  EXPECT_EQ(converted("gb18030", "\x90\x30\x81\x30\xe3\x32\x9a\x35"), "\U00010000\U0010ffff");
}

TEST(Charset, WhatIsNoCharacterCountsAsTheServersCountIt) {
  bool flag = false;
  EXPECT_EQ(converted("sjis", "\x81\xad" "a", &flag), "\xef\xbf\xbd" "a");  // a pair without one
  EXPECT_TRUE(flag);
  EXPECT_EQ(converted("gbk", "\xd6 ", &flag), "\xef\xbf\xbd ");  // no trail byte
  EXPECT_EQ(converted("ujis", "\x8f\xa2", &flag), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(converted("gb18030", "\x81\x30\x81", &flag), "\xef\xbf\xbd" "0\xef\xbf\xbd");
  EXPECT_EQ(converted("gb18030", "\xe3\x32\x9a\x36", &flag), "\xef\xbf\xbd");  // past U+10FFFF
}

TEST(Charset, AnyBytesBecomeValidUtf8) {
  std::mt19937 random(4711);
  for (const char* charset : {"big5", "sjis", "cp932", "ujis", "eucjpms", "euckr", "gb2312", "gbk",
                              "gb18030", "ucs2", "utf16", "utf16le", "utf32", "latin1", "swe7",
                              "tis620", "utf8mb3", "ascii"}) {
    for (int i = 0; i < 2000; ++i) {
      // In memory of exactly its size, so that a sanitizer sees a byte read past it.
      std::vector<char> bytes(random() % 40);
      for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? '0' : random() % 256);
      EXPECT_TRUE(is_valid_utf8(converted(charset, {bytes.data(), bytes.size()}))) << charset;
    }
  }
}

TEST(Charset, CollationsBelongToTheirCharacterSet) {
  EXPECT_EQ(charset_of_collation(8), "latin1");
  EXPECT_EQ(charset_of_collation(63), "binary");
  EXPECT_EQ(charset_of_collation(255), "utf8mb4");
  EXPECT_EQ(charset_of_collation(2304), "utf8mb4");
  EXPECT_EQ(charset_of_collation(1024 + 8), "latin1");
  EXPECT_EQ(charset_of_collation(578), "utf8mb3");  // MariaDB's Thai
  EXPECT_EQ(charset_of_collation(736), "utf32");    // and Croatian
  EXPECT_EQ(charset_of_collation(9999), "");
}

TEST(CompactJson, DropsSpaceBetweenTokensOnly) {
  std::string out;
  ASSERT_TRUE(
      append_compact_json(out, R"( { "a b" : [ 1 , -2.50e+3, true ] , "\u0041" : null } )"));
  EXPECT_EQ(out, R"({"a b":[1,-2.50e+3,true],"\u0041":null})");
  for (const char* bad : {"", "{", "[1,]", "{\"a\"}", "01", "1.", "\"\n\"", "tru", "[1]x",
                          "\"\\x\"", "\"\xff\""}) {
    out.clear();
    EXPECT_FALSE(append_compact_json(out, bad)) << bad;
  }
  out.clear();
  EXPECT_FALSE(append_compact_json(out, std::string(100000, '[')));
}

TEST(ServerDouble, IsPrintedAsTheServerDoes) {
  const std::pair<double, const char*> cases[] = {
      {1, "1.0"}, {1e20, "1e20"}, {1e15, "1e15"}, {1e14, "100000000000000.0"}, {-0.0, "-0.0"},
      {1e-5, "0.00001"}, {1e-15, "0.000000000000001"}, {1e-16, "1e-16"}, {1.5e300, "1.5e300"},
      {123456789.0, "123456789.0"}, {0.1, "0.1"}, {5e-324, "5e-324"},
      {9007199254740993.0, "9.007199254740992e15"},
      {1.7976931348623157e308, "1.7976931348623157e308"}, {12.25, "12.25"}, {-3, "-3.0"}};
  for (const auto& [number, text] : cases) {
    std::string out;
    append_server_double(out, number);
    EXPECT_EQ(out, text);
  }
}

// A small object whose values are the numbers 0, 1, 2 …; keys in the order given.
std::string stored_object(const std::vector<std::string>& keys) {
  std::string entries, values, names;
  const std::size_t head = 4 + keys.size() * 7;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    append_fixed(entries, static_cast<std::uint16_t>(head + names.size()));
    append_fixed(entries, static_cast<std::uint16_t>(keys[i].size()));
    values.push_back('\5');
    append_fixed(values, static_cast<std::uint16_t>(i));
    names += keys[i];
  }
  std::string document(1, '\0');
  append_fixed(document, static_cast<std::uint16_t>(keys.size()));
  append_fixed(document, static_cast<std::uint16_t>(head + names.size()));
  return document + entries + values + names;
}

TEST(BinaryJson, KeysOfDocumentsOfTheSameShapeAreToldApart) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> objects = {
      {{"a", "b"}, R"({"a":0,"b":1})"},
      {{"a", "c"}, R"({"a":0,"c":1})"},
      {{"\"", "c"}, R"({"\"":0,"c":1})"},
      {{"", "ab"}, R"({"":0,"ab":1})"},
      {{"ab", ""}, R"({"ab":0,"":1})"},
      {{std::string(600, 'k')}, "{\"" + std::string(600, 'k') + "\":0}"},
      {{std::string(30, 'k'), "l"}, "{\"" + std::string(30, 'k') + "\":0,\"l\":1}"},
      {{}, "{}"},
  };
  Arena arena;
  for (int round = 0; round < 20; ++round) {
    for (const auto& [keys, text] : objects) {
      for (int again = 0; again < 1 + round % 3; ++again) {
        EXPECT_EQ(binary_json_text(arena, stored_object(keys)), text);
      }
      EXPECT_FALSE(binary_json_text(arena, stored_object({"\xff", "b"})));
    }
  }
}

TEST(BinaryJson, BadDocumentsAreRefused) {
  Arena arena;
  EXPECT_EQ(binary_json_text(arena, ""), "null");
  // An array whose two entries name the array itself.
  const std::string loop = "\2\2\0\x0a\0\2\0\0\2\0\0"s;
  for (const std::string& bad : {"\2"s, "\2\xff\xff\4\0"s, loop, "\x0c\5ab"s, "\x0c\1\xff"s,
                                 "\4\7"s, "\x7f"s, "\x0f\xf6\2\x02\x01"s}) {
    EXPECT_FALSE(binary_json_text(arena, bad));
  }
}

TEST(Geometry, BadBytesAreRefused) {
  std::string out;
  EXPECT_FALSE(append_geojson(out, "\0\0\0"s));
  EXPECT_FALSE(append_geojson(out, "\0\0\0\0\1\1\0\0\0"s));
  EXPECT_FALSE(append_geojson(out, "\0\0\0\0\1\7\0\0\0\xff\xff\xff\xff"s));
  EXPECT_FALSE(append_vector_json(out, "abc"));
}

TEST(Temporal, OldTypesAreDecimalDigits) {
  char text[longest_temporal_text];
  const auto write = [&](char* end) { return std::string(text, end); };
  const std::string datetime = "\x3d\x22\xde\x68\x6d\x12\x00\x00"s;  // 20261120123453
  EXPECT_EQ(write(write_datetime(text, decode_old_datetime(datetime), 0, 'T')),
            "2026-11-20T12:34:53");
  EXPECT_EQ(write(write_time(text, decode_old_time("\xa7\xf5\x7f"s), 0)), "838:59:59");
  EXPECT_EQ(write(write_time(text, decode_old_time("\xff\xff\xff"s), 0)), "-00:00:01");
  EXPECT_EQ(write(write_datetime(text, utc_time(4294967295u), 0, 'T')), "2106-02-07T06:28:15");
}

TEST(Temporal, MariadbsOldTypesHaveTheirDigitsFromTheSchema) {
  char text[longest_temporal_text];
  const auto write = [&](char* end) { return std::string(text, end); };
  const auto bytes = [](std::uint64_t number, std::size_t size) {
    std::string out;
    for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i)));
    return out;
  };
  // -12:34:56.789 and 0 in milliseconds from -839:00:00.
  const std::uint64_t zero = 3'020'400'000;
  EXPECT_EQ(write(write_time(text, decode_mariadb_time(bytes(zero - 45'296'789, 5), 3), 3)),
            "-12:34:56.789");
  EXPECT_EQ(write(write_time(text, decode_mariadb_time(bytes(zero, 5), 3), 3)), "00:00:00.000");
  const std::uint64_t packed =
      ((((std::uint64_t{2026} * 13 + 11) * 32 + 20) * 24 + 12) * 60 + 34) * 60 + 56;
  EXPECT_EQ(write(write_datetime(text, decode_mariadb_datetime(bytes(packed * 10 + 7, 6), 1), 1,
                                 'T')),
            "2026-11-20T12:34:56.7");
  EXPECT_EQ(write(write_datetime(text, decode_mariadb_timestamp("\0\0\0\1\1\x86\xa0"s, 6), 6,
                                 'T')),
            "1970-01-01T00:00:01.100000");
  for (unsigned digits = 1; digits <= 6; ++digits) {
    const std::string ones(8, '\xff');
    decode_mariadb_time(std::string_view(ones).substr(0, mariadb_time_bytes(digits)), digits);
    const auto parts = decode_mariadb_datetime(
        std::string_view(ones).substr(0, mariadb_datetime_bytes(digits)), digits);
    EXPECT_LE(write(write_datetime(text, parts, digits, 'T')).size(), longest_temporal_text);
  }
}

TEST(Decimal, ImpossibleDigitsAreRefused) {
  char text[longest_decimal_text];
  EXPECT_EQ(write_decimal(text, "\xff\xff\xff\xff"s, 9, 0), nullptr);
  EXPECT_EQ(decimal_bytes(0, 0), 0u);
  EXPECT_EQ(decimal_bytes(5, 6), 0u);
  EXPECT_EQ(decimal_bytes(65, 30), 30u);
}

Value value_of(ColumnKind kind, std::string_view text, Arena& arena) {
  ColumnType type;
  type.kind = kind;
  return value_from_text(type, text, arena).value();
}

TEST(TextValue, FollowsTheValueRules) {
  Arena arena;
  EXPECT_EQ(value_of(ColumnKind::datetime, "2026-11-20 12:00:00.123", arena),
            Value::text(ValueKind::datetime, "2026-11-20T12:00:00.123"));
  EXPECT_EQ(value_of(ColumnKind::timestamp, "2026-11-20 12:00:00", arena),
            Value::text(ValueKind::timestamp, "2026-11-20T12:00:00Z"));
  EXPECT_EQ(value_of(ColumnKind::datetime, "2026-02-30 00:00:00", arena).kind(),
            ValueKind::impossible_date);
  EXPECT_EQ(value_of(ColumnKind::set, "a,b\"", arena),
            Value::text(ValueKind::json, R"(["a","b\""])"));
  EXPECT_EQ(value_of(ColumnKind::set, "", arena), Value::text(ValueKind::json, "[]"));
  EXPECT_EQ(value_of(ColumnKind::json, "{\"a\": [1, 2]}", arena),
            Value::text(ValueKind::json, R"({"a":[1,2]})"));
  EXPECT_EQ(value_of(ColumnKind::json, "not json", arena), Value::string("not json"));
  EXPECT_EQ(value_of(ColumnKind::decimal, "0007.50", arena),
            Value::text(ValueKind::decimal, "7.50"));
  ColumnType flag;
  flag.kind = ColumnKind::tinyint;
  flag.as_boolean = true;
  EXPECT_EQ(value_from_text(flag, "5", arena).value(), Value::boolean(true));
  EXPECT_FALSE(value_from_text(flag, "x", arena));
}

TEST(TextValue, OtherCharacterSetsAreSelectedAsTheirBytes) {
  Column column{"a", ColumnType{}};
  column.type.kind = ColumnKind::varchar;
  column.type.charset = "sjis";
  EXPECT_EQ(select_expression(column), "CAST(`a` AS BINARY)");
  Arena arena;
  EXPECT_EQ(value_from_field(column.type, "\x83\x41\x81\xad", arena).value(),
            Value::string("ア\xef\xbf\xbd"));
  column.type.charset = "klingon";
  EXPECT_EQ(value_from_field(column.type, "a", arena).error().code, "binlog.unsupported");
  column.type.charset = "utf8mb4";
  EXPECT_EQ(select_expression(column), "`a`");
  EXPECT_EQ(value_from_field(column.type, "ア", arena).value(), Value::string("ア"));
}

TEST(TextValue, WhatATypeCannotPrintIsRefused) {
  const auto accepted = [](ColumnKind kind, std::string_view text) {
    Arena arena;
    ColumnType type;
    type.kind = kind;
    return value_from_text(type, text, arena).has_value();
  };
  EXPECT_TRUE(accepted(ColumnKind::time, "-838:59:59.000001"));
  EXPECT_FALSE(accepted(ColumnKind::time, "12:00\""));
  EXPECT_FALSE(accepted(ColumnKind::time, ""));
  EXPECT_TRUE(accepted(ColumnKind::datetime, "2026-11-20 12:00:00.5"));
  EXPECT_FALSE(accepted(ColumnKind::datetime, "2026-11-20 12:00:0\""));
  EXPECT_TRUE(accepted(ColumnKind::datetime, "0000-00-00 00:00:00"));
  EXPECT_FALSE(accepted(ColumnKind::datetime, "0000-00-00T\""));
  EXPECT_TRUE(accepted(ColumnKind::decimal, "-0.50"));
  EXPECT_FALSE(accepted(ColumnKind::decimal, "1.2.3"));
  EXPECT_FALSE(accepted(ColumnKind::decimal, "."));
  EXPECT_FALSE(accepted(ColumnKind::decimal, "5-"));
}

TEST(TextValue, FloatsAreSelectedAsDoubles) {
  Column column{"a`b", ColumnType{}};
  EXPECT_EQ(select_expression(column), "`a``b`");
  column.type.kind = ColumnKind::float32;
  EXPECT_EQ(select_expression(column), "`a``b` * 1e0");
}

}  // namespace
}  // namespace tailrace::capture
