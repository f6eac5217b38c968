#include "engine/pipeline_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/topics.hpp"
#include "tests/fakes/fake_event_log.hpp"

namespace tailrace::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using transform::SourceLayout;

SourceLayout layout_of(std::vector<std::string> names) {
  SourceLayout layout;
  layout.groups[0].shards.clear();
  for (std::string& name : names) layout.groups[0].shards.push_back({std::move(name), 0});
  return layout;
}

TEST(ShardIndexes, StayWithTheirNamesWhenAShardIsAddedInFront) {
  ControlState control;
  control.shards = {"a", "b"};
  const SourceLayout layout = layout_of({"new", "b", "a"});
  const auto names = shard_names(layout, control);
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, ElementsAre("a", "b", "new"));
  const SourceLayout numbered = indexed(layout, *names);
  EXPECT_EQ(numbered.groups[0].shards[0].index, 2);
  EXPECT_EQ(numbered.groups[0].shards[1].index, 1);
  EXPECT_EQ(numbered.groups[0].shards[2].index, 0);
}

TEST(ShardIndexes, AreGivenToALogThatHasNone) {
  ControlState control;
  control.positions["old"] = {};
  const auto names = shard_names(layout_of({"another", "old"}), control);
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, ElementsAre("old", "another"));
}

TEST(ShardIndexes, AreNotLostWithAShardThatIsRemovedOrRenamed) {
  ControlState control;
  control.shards = {"a", "b"};
  const auto names = shard_names(layout_of({"a", "c"}), control);
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().code, "spec.shard_removed");
  EXPECT_EQ(names.error().disposition, Disposition::halt);
  EXPECT_THAT(names.error().message, HasSubstr("'b'"));
}

TableSchema orders(std::vector<std::pair<std::string, ColumnKind>> columns) {
  TableSchema schema;
  schema.id = {"shop", "orders"};
  for (auto& [name, kind] : columns) {
    schema.columns.push_back({std::move(name), {}});
    schema.columns.back().type.kind = kind;
  }
  schema.primary_key = {0};
  return schema;
}

TEST(TablesOfShards, AgreeInAnyOrderOfTheirColumns) {
  TableSchema own = orders({{"note", ColumnKind::varchar}, {"id", ColumnKind::bigint}});
  own.primary_key = {1};
  own.columns[0].type.collation = "another";
  const TableSchema saved = orders({{"id", ColumnKind::bigint}, {"note", ColumnKind::varchar}});
  EXPECT_TRUE(check_agreement("b", {own}, {saved}));
}

TEST(TablesOfShards, AreRefusedByShardTableAndColumn) {
  const TableSchema saved = orders({{"id", ColumnKind::bigint}, {"note", ColumnKind::varchar}});
  const auto told = [&](const TableSchema& own) {
    const auto outcome = check_agreement("b", {own}, {saved});
    return outcome ? std::string() : outcome.error().code + " " + outcome.error().message;
  };
  EXPECT_THAT(told(orders({{"id", ColumnKind::bigint}})),
              HasSubstr("schema.shards_differ shard 'b': table shop.orders has no column 'note'"));
  EXPECT_THAT(told(orders({{"id", ColumnKind::bigint}, {"note", ColumnKind::json}})),
              HasSubstr("has another type for column 'note'"));
  EXPECT_THAT(
      told(orders(
          {{"id", ColumnKind::bigint}, {"note", ColumnKind::varchar}, {"more", ColumnKind::date}})),
      HasSubstr("'more' that the other shards do not have"));
  TableSchema other_key = saved;
  other_key.primary_key = {1};
  EXPECT_THAT(told(other_key), HasSubstr("another primary key"));
}

// A projector begins as soon as it sees them.
TEST(PipelineFacts, AreSeenOnlyWithTheTopicsOfTheirPlan) {
  fakes::FakeEventLog log;
  const stream::TopicSpec control{control_topic("shop"), 1, stream::Retention::compacted};
  ASSERT_TRUE(log.ensure_topics(std::span(&control, 1)));
  FactsOptions options;
  options.pipeline = "shop";
  options.documents.emplace_back();
  options.documents[0].name = "order";
  options.documents[0].root = "orders";
  options.documents[0].id = "{id}";
  options.layout = layout_of({"a"});
  options.partitions = 3;
  const auto settle = [&] {
    return settle_facts(log, system_clock(), options, [] {
      return std::vector{orders({{"id", ColumnKind::bigint}})};
    });
  };
  const auto saved = [&] {
    return has_facts(*read_control(log, "shop", system_clock().now(), system_clock()), options);
  };
  log.fail(fakes::LogCall::ensure_topics, 1, {Disposition::retry, "log.unavailable", "away"});
  EXPECT_FALSE(settle());
  EXPECT_FALSE(saved());
  EXPECT_TRUE(settle());
  EXPECT_TRUE(saved());
  for (const std::string& topic : {change_topic("shop", "order"), state_topic("shop", "order")})
    EXPECT_TRUE(log.open_reader(topic, 2, 0, stream::Isolation::read_committed)) << topic;
}

}  // namespace
}  // namespace tailrace::engine
