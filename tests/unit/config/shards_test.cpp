// Several shards and several sources: what the file may say, and where its mistakes are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.hpp"

namespace tailrace::config {
namespace {

using testing::HasSubstr;

std::string two_shards(const std::string& document) {
  return "tailrace: 1\nname: shop\n"
         "source: { mysql: { user: u, shards: { a: 127.0.0.1/shop, b: 127.0.0.2/shop } } }\n"
         "documents:\n  order: " +
         document + "\n";
}

// `shop` with one shard or two, `pay` with one.
std::string two_sources(const std::string& shop, const std::string& more) {
  return "tailrace: 1\nname: shop\n"
         "sources:\n"
         "  shop: { mysql: { user: u, shards: { " +
         shop +
         " } } }\n"
         "  pay: { mysql: { user: v, shards: { p0: 127.0.0.1/pay } } }\n" +
         more;
}

const std::string one = "s0: 127.0.0.1/shop";
const std::string two = "s0: 127.0.0.1/shop, s1: 127.0.0.2/shop";
const std::string tables =
    "tables: { orders: { source: shop }, payments: { source: pay }, users: { source: shop } }\n";

TEST(Shards, AreReadInTheirOrder) {
  const LoadResult loaded = load_text(two_shards("{ root: orders, id: \"{shard}-{id}\" }"));
  ASSERT_TRUE(loaded.spec) << all_text(loaded);
  ASSERT_EQ(loaded.spec->sources.size(), 1u);
  EXPECT_EQ(loaded.spec->sources[0].shards.at(1).name, "b");
  EXPECT_EQ(loaded.spec->sources[0].shards.at(1).mysql.host, "127.0.0.2");
}

TEST(Shards, MayShareDocumentsThatAreDeclaredUnique) {
  const LoadResult loaded =
      load_text(two_shards("{ root: orders, id: \"{id}\", unique_across_shards: true }"));
  ASSERT_TRUE(loaded.spec) << all_text(loaded);
  EXPECT_TRUE(loaded.spec->documents[0].unique_across_shards);
}

TEST(ShardMistakes, AnIdWithoutItsShardNamesBothCures) {
  const LoadResult loaded = load_text(two_shards("{ root: orders, id: \"{id}\" }"));
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0221 5:30"})) << all_text(loaded);
  EXPECT_THAT(all_text(loaded), HasSubstr("id: \"{shard}-{id}\""));
  EXPECT_THAT(all_text(loaded), HasSubstr("unique_across_shards: true"));
}

TEST(ShardMistakes, AShardInAUniqueIdIsOneTooMany) {
  const LoadResult loaded =
      load_text(two_shards("{ root: orders, id: \"{shard}-{id}\", unique_across_shards: true }"));
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0211 5:30"})) << all_text(loaded);
}

TEST(ShardMistakes, TwoValuesSideBySideMayBeRead) {
  const LoadResult loaded = load_text(two_shards("{ root: orders, id: \"{shard}{id}\" }"));
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0214 5:30"})) << all_text(loaded);
}

TEST(ShardMistakes, OneDatabaseIsNotTwoShards) {
  const LoadResult loaded = load_text(
      "tailrace: 1\nname: shop\n"
      "source: { mysql: { user: u, shards: { a: 127.0.0.1/shop, b: 127.0.0.1:3306/shop } } }\n"
      "tables: { orders: }\n");
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0213 3:61"})) << all_text(loaded);
}

TEST(Sources, HoldTheTablesThatSaySo) {
  const LoadResult loaded = load_text(
      two_sources(one, tables + "documents: { order: { root: orders, id: \"{id}\", children: "
                                "{ payments: { table: payments, on: order_id } } } }\n"));
  ASSERT_TRUE(loaded.spec) << all_text(loaded);
  EXPECT_EQ(loaded.spec->sources.at(1).name, "pay");
  EXPECT_EQ(loaded.spec->sources.at(1).shards.at(0).mysql.user, "v");
  EXPECT_EQ(loaded.spec->tables.at(1).source, "pay");
}

TEST(SourceMistakes, ATableWithoutASourceAndAnUnknownOne) {
  const LoadResult loaded = load_text(two_sources(
      one,
      "tables: { orders: { source: shpo }, payments: }\n"
      "documents: { order: { root: orders, id: \"{id}\", children: { payments: { table: payments, "
      "on: order_id }, items: { table: items, on: order_id } } } }\n"));
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0212 6:29", "E0202 6:37", "E0202 7:122"}))
      << all_text(loaded);
  EXPECT_THAT(all_text(loaded), HasSubstr("did you mean 'shop'?"));
}

TEST(SourceMistakes, NamesOfShardsAreUniqueAcrossSources) {
  const LoadResult loaded = load_text(two_sources(
      "p0: 127.0.0.1/shop", tables + "documents: { order: { root: orders, id: \"{id}\" } }\n"));
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0213 5:42"})) << all_text(loaded);
}

TEST(SourceMistakes, ASourceOfATableNeedsSources) {
  const LoadResult loaded = load_text(
      "tailrace: 1\nname: shop\n"
      "source: { mysql: { user: u, shards: { a: 127.0.0.1/shop } } }\n"
      "tables: { orders: { source: shop } }\n");
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0211 4:29"})) << all_text(loaded);
}

TEST(SourceMistakes, ARowOfAnotherSourceDoesNotTellItsShard) {
  const std::string children = "children: { payments: { table: payments, on: order_id } }";
  const LoadResult refused = load_text(two_sources(
      two,
      tables + "documents: { order: { root: orders, id: \"{shard}-{id}\", " + children + " } }\n"));
  ASSERT_EQ(refused.problems.size(), 1u) << all_text(refused);
  EXPECT_EQ(refused.problems[0].code, "E0222");
  EXPECT_THAT(all_text(refused), HasSubstr("unique_across_shards: true"));
  const LoadResult unique = load_text(two_sources(
      two, tables +
               "documents: { order: { root: orders, id: \"{id}\", unique_across_shards: true, " +
               children + " } }\n"));
  EXPECT_TRUE(unique.spec) << all_text(unique);
  const LoadResult single = load_text(two_sources(
      one,
      tables + "documents: { order: { root: orders, id: \"{shard}-{id}\", " + children + " } }\n"));
  EXPECT_TRUE(single.spec) << all_text(single);
}

TEST(SourceMistakes, ALookupInOneOfSeveralShardsOfAnotherSource) {
  const LoadResult loaded = load_text(two_sources(
      two, tables +
               "documents: { payment: { root: payments, id: \"{id}\", lookups: { user: { table: "
               "users, on: user_id, when_changed: refresh } } } }\n"));
  ASSERT_EQ(loaded.problems.size(), 1u) << all_text(loaded);
  EXPECT_EQ(loaded.problems[0].code, "E0222");
}

}  // namespace
}  // namespace tailrace::config
