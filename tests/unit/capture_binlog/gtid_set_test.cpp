#include "core/gtid_set.hpp"

#include <gtest/gtest.h>

#include "core/position.hpp"

namespace tailrace {
namespace {

const std::string a = "00112233-4455-6677-8899-aabbccddeeff";
const std::string b = "10112233-4455-6677-8899-aabbccddeeff";

GtidSet set(const std::string& text) {
  auto result = GtidSet::parse(text);
  EXPECT_TRUE(result) << text;
  return result ? *result : GtidSet{};
}

TEST(GtidSet, IntervalsAreMergedAndSorted) {
  EXPECT_EQ(set(a + ":7:1-3:4:9-10").text(), a + ":1-4:7:9-10");
  EXPECT_EQ(set(a + ":5-9:1-20:30").text(), a + ":1-20:30");
  EXPECT_EQ(set(b + ":1,\n " + a + ":2-3 ,").text(), a + ":2-3," + b + ":1");
  EXPECT_EQ(set(a + ":1:tag:4-5," + a + ":Tag:6").text(), a + ":1:tag:4-6");
  EXPECT_EQ(set("00112233445566778899AABBCCDDEEFF:1").text(), a + ":1");
}

TEST(GtidSet, WhatIsNoSetIsNamed) {
  for (const std::string& text :
       {std::string("x"), a, a + ":", a + ":0", a + ":5-4", a + ":tag", a + ":9223372036854775807",
        a + ":1:-", a.substr(1) + ":1", a + ":" + std::string(33, 't') + ":1"}) {
    const auto result = GtidSet::parse(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, "gtid.malformed");
  }
}

TEST(GtidSet, AddsNumbersInAnyOrder) {
  GtidSet grown;
  const GtidSource source{parse_uuid(a).value(), ""};
  for (const std::int64_t number : {5, 1, 3, 2, 9, 4, 6}) grown.add(Gtid{source, number});
  EXPECT_EQ(grown.text(), a + ":1-6:9");
  EXPECT_TRUE(grown.contains(Gtid{source, 6}));
  EXPECT_FALSE(grown.contains(Gtid{source, 7}));
  EXPECT_FALSE(grown.contains(Gtid{{source.uuid, "tag"}, 6}));
}

TEST(GtidSet, SubtractsAndContains) {
  EXPECT_EQ(set(a + ":1-10").minus(set(a + ":3:5-6")).text(), a + ":1-2:4:7-10");
  EXPECT_EQ(set(a + ":1-10," + b + ":1").minus(set(a + ":1-20")).text(), b + ":1");
  EXPECT_TRUE(set(a + ":1-10").contains(set(a + ":2:5")));
  EXPECT_FALSE(set(a + ":1-10").contains(set(a + ":2:15")));
  EXPECT_TRUE(set("").empty());
  EXPECT_TRUE(set(a + ":1").contains(GtidSet{}));
}

TEST(GtidSet, EncodesTagsOnlyWhereThereAreSome) {
  EXPECT_EQ(set(a + ":1-4").encode().size(), 8u + 16 + 8 + 16);
  const std::string tagged = set(a + ":1-4:tag:1").encode();
  EXPECT_EQ(tagged.size(), 8u + 2 * (16 + 1 + 8 + 16) + 3);
  EXPECT_EQ(tagged.substr(0, 8), std::string("\1\2\0\0\0\0\0\1", 8));
  EXPECT_EQ(GtidSet{}.encode(), std::string(8, '\0'));
}

TEST(BinlogPosition, IsOrderedByFileNumberThenOffset) {
  EXPECT_TRUE(before({"binlog.000009", 500}, {"binlog.000010", 4}));
  EXPECT_TRUE(before({"binlog.999999", 500}, {"binlog.1000000", 4}));
  EXPECT_TRUE(before({"binlog.000001", 4}, {"binlog.000001", 5}));
  EXPECT_FALSE(before({"binlog.000001", 5}, {"binlog.000001", 5}));
}

}  // namespace
}  // namespace tailrace
