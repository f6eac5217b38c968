#include "sinks/elasticsearch/search.hpp"

#include <gtest/gtest.h>

namespace tailrace::sinks {
namespace {

TEST(Search, GivesEachHitsSourceAsItStands) {
  const auto hits = read_hits(
      R"({"took":3,"hits":{"total":{"value":2},"hits":[)"
      R"({"_index":"a","_id":"7","_score":1.5,"_source":{"id":7,"items":[{"n":"x"}],"m":{"v":1}}},)"
      R"({"_index":"a","_id":"8","_source":{}}]}})");
  ASSERT_TRUE(hits);
  ASSERT_EQ(hits->size(), 2u);
  EXPECT_EQ((*hits)[0].id, "7");
  EXPECT_EQ((*hits)[0].body, R"({"id":7,"items":[{"n":"x"}],"m":{"v":1}})");
  EXPECT_EQ((*hits)[1].body, "{}");
}

TEST(Search, RefusesATruncatedAnswer) { EXPECT_FALSE(read_hits(R"({"hits":{"hits":[{"_id":"7")")); }

}  // namespace
}  // namespace tailrace::sinks
