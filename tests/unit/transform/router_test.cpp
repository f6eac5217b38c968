#include "transform/router.hpp"

#include <gtest/gtest.h>

#include "core/json_writer.hpp"
#include "tests/unit/transform/shop_plan.hpp"

namespace tailrace::transform {
namespace {

// "root: node±key@idx …" per group, and "table key" per lookup row.
struct Routed {
  std::vector<std::string> groups;
  std::vector<std::string> lookups;
};

std::string text_of(std::string_view key) {
  std::string text;
  for (const std::string_view part : split_key(key)) text += std::string(part);
  return text;
}

Routed finish(Router& router) {
  Routed routed;
  const auto outcome = router.finish(
      [&](const Router::Group& group) -> Result<void> {
        ChangeRecord record;
        EXPECT_TRUE(decode(group.record, record));
        std::string text = text_of(group.root) + ":";
        for (const GroupRow& row : std::get<GroupRecord>(record).rows) {
          text += " " + std::to_string(row.node) + (row.gone ? "-" : "+") + text_of(row.key) + "@" +
                  std::to_string(row.idx) + (row.alone ? " alone" : "");
        }
        routed.groups.push_back(text);
        return {};
      },
      [&](const Router::LookupChange& lookup) -> Result<void> {
        const auto decoded = decode_lookup(lookup.record);
        EXPECT_TRUE(decoded);
        routed.lookups.push_back(std::to_string(lookup.table) +
                                 (std::get<LookupRow>(*decoded).gone ? "-" : "+") +
                                 text_of(lookup.key.substr(1)));
        return {};
      });
  EXPECT_TRUE(outcome);
  return routed;
}

class RouterTest : public testing::Test {
 protected:
  Routed route(const std::vector<RowChange>& rows, std::uint32_t pass = 0,
               std::uint32_t passes = 1) {
    router.begin({0, {1, 7, 0}, 0, "gtid"}, pass, passes);
    for (const RowChange& row : rows) EXPECT_TRUE(router.add(row));
    return finish(router);
  }
  RowChange item(RowOp op, std::uint32_t index, const Row& before, const Row& after) {
    return change(shop, "items", op, index, before, after);
  }
  Shop shop;
  Router router{shop.plan};
  NodeId items = shop.plan.documents[0].children[0];
  std::string node = std::to_string(items);
};

TEST_F(RouterTest, GroupsTheRowsOfOneOrder) {
  const Row order = order_row(1, 5, "NEW");
  const Row first = item_row(10, 1, 3, 1);
  const Row second = item_row(11, 1, 3, 2);
  const Routed routed =
      route({change(shop, "orders", RowOp::insert, 0, {}, order), item(RowOp::insert, 1, {}, first),
             item(RowOp::insert, 2, {}, second)});
  EXPECT_EQ(routed.groups,
            std::vector<std::string>{"1: 0+1@0 " + node + "+10@1 " + node + "+11@2"});
}

TEST_F(RouterTest, TellsBothOrdersOfAMovedItem) {
  const Row before = item_row(10, 1, 3, 1);
  const Row after = item_row(10, 2, 3, 1);
  const Routed routed = route({item(RowOp::update, 4, before, after)});
  EXPECT_EQ(routed.groups,
            (std::vector<std::string>{"1: " + node + "-10@4", "2: " + node + "+10@4"}));
}

// The order that was deleted took rows along, which the next one does not have.
TEST_F(RouterTest, KeepsADeletionThatTakesRowsAlong) {
  const Row old_order = order_row(1, 5, "OLD");
  const Row new_order = order_row(1, 5, "NEW");
  const std::vector<RowChange> rows{change(shop, "orders", RowOp::remove, 0, old_order, {}),
                                    change(shop, "orders", RowOp::insert, 1, {}, new_order),
                                    change(shop, "orders", RowOp::update, 2, new_order, old_order)};
  EXPECT_EQ(route(rows).groups, std::vector<std::string>{"1: 0+1@2"});
  std::vector<RowChange> many = rows;
  std::vector<Row> items_of_it;
  for (std::int64_t id = 0; id < 20; ++id) items_of_it.push_back(item_row(id, 1, 3, 1));
  for (std::uint32_t id = 0; id < 20; ++id) {
    many.push_back(change(shop, "items", RowOp::insert, 3 + id, {}, items_of_it[id]));
  }
  DocumentSpec spec = order_spec();
  spec.cascades = {{"items", {"order_id"}, "orders", false}};
  shop.plan = *compile_plan(std::span(&spec, 1), shop.tables);
  EXPECT_EQ(route(rows).groups, std::vector<std::string>{"1: 0-1@0 0+1@2"});
  std::vector<RowChange> unchecked = rows;
  for (RowChange& row : unchecked) row.unchecked = true;
  EXPECT_EQ(route(unchecked).groups, std::vector<std::string>{"1: 0+1@2"});
  EXPECT_EQ(route({unchecked[0]}).groups, std::vector<std::string>{"1: 0-1@0 alone"});
  EXPECT_EQ(route(many).groups[0].substr(0, 20), "1: 0-1@0 0+1@2 " + node + "+0@3");
}

TEST_F(RouterTest, KeepsTheLastImageOfAFragment) {
  const Row a = item_row(10, 1, 3, 1);
  const Row b = item_row(10, 2, 3, 1);
  const Routed routed = route({item(RowOp::update, 0, a, b), item(RowOp::update, 1, b, a)});
  EXPECT_EQ(routed.groups,
            (std::vector<std::string>{"1: " + node + "+10@1", "2: " + node + "-10@1"}));
}

TEST_F(RouterTest, TakesAChangedPrimaryKeyAsGoneAndNew) {
  const Row before = order_row(1, 5, "NEW");
  const Row after = order_row(2, 5, "NEW");
  const Routed orders = route({change(shop, "orders", RowOp::update, 0, before, after)});
  EXPECT_EQ(orders.groups, (std::vector<std::string>{"1: 0-1@0", "2: 0+2@0"}));
  const Row old_item = item_row(10, 1, 3, 1);
  const Row new_item = item_row(12, 1, 3, 1);
  const Routed rows = route({item(RowOp::update, 0, old_item, new_item)});
  EXPECT_EQ(rows.groups, std::vector<std::string>{"1: " + node + "-10@0 " + node + "+12@0"});
}

TEST_F(RouterTest, IgnoresAChildWithoutAParent) {
  Row orphan = item_row(10, 1, 3, 1);
  orphan[1] = Value::null();
  EXPECT_TRUE(route({item(RowOp::insert, 0, {}, orphan)}).groups.empty());
  const Row before = item_row(10, 1, 3, 1);
  EXPECT_EQ(route({item(RowOp::update, 0, before, orphan)}).groups,
            std::vector<std::string>{"1: " + node + "-10@0"});
}

TEST_F(RouterTest, SendsLookupRowsByKey) {
  const Row before{Value::int64(3), Value::string("tea"), Value::int64(1)};
  const Row renamed{Value::int64(3), Value::string("pot"), Value::int64(1)};
  const Row rekeyed{Value::int64(4), Value::string("pot"), Value::int64(1)};
  const auto product = [&](const Row& from, const Row& to) {
    return route({change(shop, "products", RowOp::update, 0, from, to)}).lookups;
  };
  ASSERT_EQ(product(before, renamed).size(), 1u);
  EXPECT_EQ(product(before, renamed)[0].substr(1), "+3");
  ASSERT_EQ(product(renamed, rekeyed).size(), 2u);
  EXPECT_EQ(product(renamed, rekeyed)[0].substr(1), "-3");
  EXPECT_EQ(product(renamed, rekeyed)[1].substr(1), "+4");
}

TEST_F(RouterTest, RefusesARowWithoutItsKey) {
  Row partial = item_row(10, 1, 3, 1);
  partial[1] = Value();
  router.begin({0, {1, 7, 0}, 0, ""});
  const auto outcome = router.add(item(RowOp::insert, 0, {}, partial));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "row.no_key");
}

TEST_F(RouterTest, FindsEveryGroupOnceInSeveralPasses) {
  std::vector<Row> rows;
  std::vector<RowChange> changes;
  for (int i = 0; i < 500; ++i) rows.push_back(item_row(1000 + i, i % 50, 3, 1));
  for (std::uint32_t i = 0; i < 500; ++i) changes.push_back(item(RowOp::insert, i, {}, rows[i]));
  const Routed whole = route(changes);
  EXPECT_EQ(whole.groups.size(), 50u);
  std::vector<std::string> parts;
  for (std::uint32_t pass = 0; pass < 4; ++pass) {
    for (const std::string& group : route(changes, pass, 4).groups) parts.push_back(group);
  }
  std::vector<std::string> sorted = whole.groups;
  std::sort(sorted.begin(), sorted.end());
  std::sort(parts.begin(), parts.end());
  EXPECT_EQ(parts, sorted);
}

TEST_F(RouterTest, GivesSnapshotRowsTheTokenZero) {
  router.begin({0, {1, 0, 0}, 0, ""});
  const Row row = item_row(10, 1, 3, 1);
  ASSERT_TRUE(router.add(item(RowOp::insert, 9, {}, row)));
  EXPECT_EQ(finish(router).groups, std::vector<std::string>{"1: " + node + "+10@0"});
}

}  // namespace
}  // namespace tailrace::transform
