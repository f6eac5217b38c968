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
  for (const std::int64_t number : {5, 1, 3, 2, 9, 4, 6}) grown.add(MysqlGtid{source, number});
  EXPECT_EQ(grown.text(), a + ":1-6:9");
  EXPECT_TRUE(grown.contains(MysqlGtid{source, 6}));
  EXPECT_FALSE(grown.contains(MysqlGtid{source, 7}));
  EXPECT_FALSE(grown.contains(MysqlGtid{{source.uuid, "tag"}, 6}));
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
  EXPECT_EQ(set(a + ":1-4").mysql()->encode().size(), 8u + 16 + 8 + 16);
  const std::string tagged = set(a + ":1-4:tag:1").mysql()->encode();
  EXPECT_EQ(tagged.size(), 8u + 2 * (16 + 1 + 8 + 16) + 3);
  EXPECT_EQ(tagged.substr(0, 8), std::string("\1\2\0\0\0\0\0\1", 8));
  EXPECT_EQ(GtidSet{}.mysql()->encode(), std::string(8, '\0'));
}

TEST(GtidSet, OfMariadbHoldsTheLastOfEachDomain) {
  EXPECT_EQ(set(" 1-3-12,\n0-1-270 ").text(), "0-1-270,1-3-12");
  GtidSet read = set("0-1-5");
  read.add(MariadbGtid{2, 7, 1});
  read.add(MariadbGtid{0, 2, 6});  // another server has become the primary
  EXPECT_EQ(read.text(), "0-2-6,2-7-1");
  EXPECT_TRUE(read.contains(MariadbGtid{0, 1, 5}));
  EXPECT_TRUE(read.contains(MariadbGtid{0, 2, 6}));
  EXPECT_FALSE(read.contains(MariadbGtid{0, 1, 6})) << "the same number of another history";
  EXPECT_FALSE(read.contains(MariadbGtid{0, 2, 7}));
  EXPECT_FALSE(read.contains(MariadbGtid{1, 1, 1}));
  EXPECT_TRUE(read.contains(set("0-1-3,2-7-1")));
  EXPECT_EQ(set("0-1-9,1-1-1,2-7-1").minus(read).text(), "0-1-9,1-1-1");
  read.add(set("0-1-4,3-1-1"));
  EXPECT_EQ(read.text(), "0-2-6,2-7-1,3-1-1") << "what is there already does not go back";
}

TEST(GtidSet, WhatIsNoMariadbPositionIsNamed) {
  for (const char* text : {"0-1", "0-1-", "0-1-0", "0-1-5-6", "-1-1", "0-1-5,0-2-6",
                           "4294967296-1-1", "0-1-18446744073709551616", "0-1-5 x"}) {
    const auto result = GtidSet::parse(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, "gtid.malformed");
  }
  EXPECT_EQ(set("4294967295-4294967295-18446744073709551615").text(),
            "4294967295-4294967295-18446744073709551615");
}

TEST(GtidSet, FlavoursNeverHoldEachOther) {
  const GtidSet mysql = set(a + ":1-10");
  const GtidSet mariadb = set("0-1-5");
  EXPECT_FALSE(mysql.contains(mariadb));
  EXPECT_FALSE(mariadb.contains(mysql));
  EXPECT_EQ(mysql.minus(mariadb), mysql);
  EXPECT_EQ(mariadb.mysql(), nullptr);
  EXPECT_EQ(mysql.mariadb(), nullptr);
  EXPECT_TRUE(mysql.contains(set("")));
  EXPECT_TRUE(mariadb.contains(set("")));
  EXPECT_FALSE(set("").contains(mariadb));
  GtidSet grown;  // the empty set becomes of either
  EXPECT_NE(grown.mariadb(), nullptr);
  grown.add(mariadb);
  EXPECT_EQ(grown, mariadb);
  GtidSet other;
  other.add(mysql);
  EXPECT_EQ(other, mysql);
  EXPECT_EQ(gtid_text(MariadbGtid{0, 1, 5}), "0-1-5");
}

TEST(BinlogPosition, IsOrderedByFileNumberThenOffset) {
  EXPECT_TRUE(before({"binlog.000009", 500}, {"binlog.000010", 4}));
  EXPECT_TRUE(before({"binlog.999999", 500}, {"binlog.1000000", 4}));
  EXPECT_TRUE(before({"binlog.000001", 4}, {"binlog.000001", 5}));
  EXPECT_FALSE(before({"binlog.000001", 5}, {"binlog.000001", 5}));
}

}  // namespace
}  // namespace tailrace
