#include <gtest/gtest.h>

#include "tests/unit/transform/shop_plan.hpp"
#include "transform/projection/renderer.hpp"
#include "transform/projection/root_state.hpp"

namespace tailrace::transform {
namespace {

std::string values_of(const Row& row, const PlanNode& node) {
  std::string values;
  for (const std::uint32_t column : node.table_columns) append_value(values, row[column]);
  return values;
}

class ProjectionTest : public testing::Test {
 protected:
  // Applies one row of `node` with token (1, seq, 0) at the next offset.
  Applied put(NodeId node, std::int64_t key, const Row& row, std::uint64_t seq) {
    const std::string bytes = row.empty() ? "" : values_of(row, plan.nodes[node]);
    const std::string row_key = key_of(key);
    GroupRecord group{{0, {1, seq, 0}, 1000, "uuid:1"}, {{node, row.empty(), 0, row_key, bytes}}};
    return state.apply(plan, group, offset++, nullptr);
  }
  Applied look(NodeId node, std::int64_t key, const Row& row, std::uint64_t seq) {
    const std::string bytes = row.empty() ? "" : values_of(row, plan.nodes[node]);
    const std::string row_key = key_of(key);
    const LookupRecord record{
        {{{0, {1, seq, 0}, 1000, "uuid:2"}, 0, node, row.empty(), row_key, bytes}}};
    return state.apply(plan, record, offset++, nullptr);
  }
  std::string body() {
    auto write = Renderer(plan, {"s0"}, 0).render(key_of(1), state);
    if (!write) return "none";
    return write->body.substr(0, write->body.find(",\"_tailrace\""));
  }

  Shop shop;
  DocumentPlan plan = shop.plan.documents[0];
  NodeId items = plan.children[0];
  NodeId customer = plan.nodes[0].lookups[0];
  NodeId product = plan.nodes[items].lookups[0];
  NodeId category = plan.nodes[product].lookups[0];
  RootState state;
  std::int64_t offset = 0;
};

TEST_F(ProjectionTest, WaitsForTheRoot) {
  put(items, 10, item_row(10, 1, 3, 2), 1);
  EXPECT_EQ(body(), "none");
  put(0, 1, order_row(1, 5, "NEW"), 2);
  EXPECT_EQ(body(),
            R"({"id":1,"state":"NEW","customer":null,"items":[{"id":10,"qty":2,"product":null}])");
}

TEST_F(ProjectionTest, ShowsLookupsOfLookups) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 1);
  look(product, 3, {Value::int64(3), Value::string("tea"), Value::int64(8)}, 2);
  std::vector<Reference> references;
  references_of(plan, state, references);
  ASSERT_EQ(references.size(), 3u);
  EXPECT_EQ(references[2].node, category);
  look(category, 8, {Value::int64(8), Value::string("drinks")}, 3);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","customer":null,"items":[{"id":10,"qty":2,)"
                    R"("product":{"name":"tea","category":{"name":"drinks"}}}])");
}

TEST_F(ProjectionTest, IgnoresOlderTokens) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, {}, 5);  // gone before it was ever seen
  EXPECT_FALSE(put(items, 10, item_row(10, 1, 3, 2), 4).visible);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","customer":null,"items":[])");
  EXPECT_TRUE(put(items, 10, item_row(10, 1, 3, 2), 6).visible);
}

TEST_F(ProjectionTest, StubsADeletedRoot) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(0, 1, {}, 2);
  const auto write = Renderer(plan, {"s0"}, 3).render(key_of(1), state);
  ASSERT_TRUE(write);
  EXPECT_TRUE(write->deleted);
  EXPECT_EQ(write->version.number(), (3ULL << 48) | 2);
  EXPECT_EQ(write->body, R"({"_tailrace":{"version":844424930131970,"deleted":true,)"
                         R"("committed_at":"1970-01-01T00:00:00.001000Z",)"
                         R"("source":{"s0":{"gtid":"uuid:1","seq":2}}}})");
}

TEST_F(ProjectionTest, KeepsTheFirstValueThatWasThere) {
  plan.nodes[customer].when_changed = WhenChanged::keep;
  put(0, 1, order_row(1, 5, "NEW"), 1);
  look(customer, 5, {}, 2);
  look(customer, 5, {Value::int64(5), Value::string("Kim")}, 3);
  EXPECT_FALSE(look(customer, 5, {Value::int64(5), Value::string("Lee")}, 4).visible);
  EXPECT_FALSE(look(customer, 5, {}, 5).visible);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","customer":{"name":"Kim"},"items":[])");
}

TEST_F(ProjectionTest, RefreshesToTheNewestValue) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  look(customer, 5, {Value::int64(5), Value::string("Lee")}, 4);
  EXPECT_FALSE(look(customer, 5, {Value::int64(5), Value::string("Kim")}, 3).visible);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","customer":{"name":"Lee"},"items":[])");
}

TEST_F(ProjectionTest, SurvivesItsStoredForm) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 1);
  look(customer, 5, {Value::int64(5), Value::string("Lee")}, 4);
  state.pending().push_back({"search", true, 77, 3, "es.mapping"});
  std::string bytes;
  state.encode(bytes);
  const auto again = RootState::decode(bytes);
  ASSERT_TRUE(again);
  std::string twice;
  again->encode(twice);
  EXPECT_EQ(twice, bytes);
  EXPECT_EQ(again->memory_bytes(), state.memory_bytes());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(RootState::decode(bytes.substr(0, cut))) << cut;
  }
}

TEST_F(ProjectionTest, ExpiresTombstonesButTheRoots) {
  put(0, 1, {}, 1);
  put(items, 10, {}, 2);
  put(items, 11, {}, 9);
  state.expire(plan, 0, 1, 5);
  EXPECT_EQ(state.fragments().size(), 2u);
  EXPECT_NE(state.find(items, 0, key_of(11)), nullptr);
}

TEST_F(ProjectionTest, SortsLimitsAndTakesOne) {
  PlanNode& node = plan.nodes[items];
  node.sort.insert(node.sort.begin(), {3, true});  // qty, descending
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 9, item_row(9, 1, 3, 2), 1);
  put(items, 10, item_row(10, 1, 3, 7), 1);
  put(items, 11, item_row(11, 1, 3, 2), 1);
  node.limit = 2;
  EXPECT_NE(body().find(R"("items":[{"id":10,"qty":7,"product":null},{"id":9,)"),
            std::string::npos);
  node.one = true;
  EXPECT_NE(body().find(R"("items":{"id":10,"qty":7,"product":null})"), std::string::npos);
}

TEST_F(ProjectionTest, TellsOfRowsThatACapCuts) {
  DocumentSpec spec = order_spec();
  spec.children[0].cap = CapSpec{2, "items_cut"};
  plan = compile_plan(std::span(&spec, 1), shop.tables)->documents[0];
  put(0, 1, order_row(1, 5, "NEW"), 1);
  EXPECT_NE(body().find(R"("items_cut":false,"items":[])"), std::string::npos) << body();
  put(items, 10, item_row(10, 1, 3, 2), 2);
  put(items, 11, item_row(11, 1, 3, 7), 2);
  EXPECT_NE(body().find(R"("items_cut":false,"items":[{"id":10)"), std::string::npos) << body();
  put(items, 9, item_row(9, 1, 3, 2), 3);
  EXPECT_NE(body().find(R"("items_cut":true,"items":[{"id":9,)"), std::string::npos) << body();
  EXPECT_EQ(body().find(R"("id":11)"), std::string::npos);
  put(items, 9, {}, 4);
  EXPECT_NE(body().find(R"("items_cut":false,"items":[{"id":10)"), std::string::npos) << body();
}

TEST_F(ProjectionTest, FlattensLinksToWhatTheyPointAt) {
  DocumentSpec spec = order_spec();
  spec.lookups.clear();
  spec.children[0].fields.reset();
  spec.children[0].flatten = "product";
  spec.children[0].cap = CapSpec{1, "more"};
  spec.compute = {{"links", "count(items)"}};
  plan = compile_plan(std::span(&spec, 1), shop.tables)->documents[0];
  items = plan.children[0];
  product = plan.nodes[items].lookups[0];
  EXPECT_EQ(plan.nodes[items].columns, (std::vector<std::string>{"id", "order_id", "product_id"}));
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 0), 2);
  put(items, 11, item_row(11, 1, 4, 0), 2);
  put(items, 12, {Value::int64(12), Value::int64(1), Value::null(), Value::int64(0)}, 2);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","more":false,"items":[],"links":3)");
  look(product, 4, {Value::int64(4), Value::string("tea"), Value::null()}, 3);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","more":false,)"
                    R"("items":[{"name":"tea","category":null}],"links":3)");
  look(product, 3, {Value::int64(3), Value::string("jam"), Value::null()}, 4);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","more":true,)"
                    R"("items":[{"name":"jam","category":null}],"links":3)");
  look(product, 3, {}, 5);
  EXPECT_NE(body().find(R"("more":false,"items":[{"name":"tea")"), std::string::npos) << body();
}

// An order takes its items along, and the server says nothing of them.
class CascadeTest : public ProjectionTest {
 protected:
  CascadeTest() { declare({{"items", {"order_id"}, "orders", false}}); }
  void declare(std::vector<CascadeSpec> cascades) {
    DocumentSpec spec = order_spec();
    spec.lookups.clear();
    spec.children[0].lookups.clear();
    spec.cascades = std::move(cascades);
    plan = compile_plan(std::span(&spec, 1), shop.tables)->documents[0];
    items = plan.children[0];
  }
  void expect_items(const std::string& shown) {
    EXPECT_EQ(body(), R"({"id":1,"state":"NEW","items":[)" + shown + "]");
  }
};

TEST_F(CascadeTest, ItemsGoWithTheirOrder) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 2);
  EXPECT_TRUE(put(0, 1, {}, 3).visible);
  EXPECT_TRUE(state.find(items, 0, key_of(10))->gone);
  put(0, 1, order_row(1, 5, "NEW"), 4);
  expect_items("");
  put(items, 11, item_row(11, 1, 3, 7), 5);
  expect_items(R"({"id":11,"qty":7})");
}

TEST_F(CascadeTest, AnOlderItemDoesNotComeBackWithTheNextOrder) {
  put(0, 1, {}, 3);  // of an order that was never seen
  put(0, 1, order_row(1, 5, "NEW"), 4);
  EXPECT_FALSE(put(items, 10, item_row(10, 1, 3, 2), 2).visible);
  expect_items("");
  std::string bytes;
  state.encode(bytes);
  state = *RootState::decode(bytes);
  EXPECT_FALSE(put(items, 10, item_row(10, 1, 3, 2), 2).visible);
  expect_items("");
  EXPECT_FALSE(put(0, 1, {}, 3).visible);  // the deletion once more, as after a rewind
  put(items, 10, item_row(10, 1, 3, 2), 6);
  EXPECT_FALSE(put(0, 1, {}, 3).visible);
  expect_items(R"({"id":10,"qty":2})");
}

TEST_F(CascadeTest, FollowsTheOrderOfRowsInOneTransaction) {
  put(0, 1, order_row(1, 5, "OLD"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 2);
  const std::string order_key = key_of(1);
  const std::string kept = key_of(11);
  const std::string lost = key_of(12);
  const std::string order = values_of(order_row(1, 5, "NEW"), plan.nodes[0]);
  const std::string item = values_of(item_row(11, 1, 3, 7), plan.nodes[items]);
  const GroupRecord group{{0, {1, 3, 0}, 1000, "u:1"},
                          {{items, false, 0, lost, item},
                           {0, true, 1, order_key, {}},
                           {0, false, 2, order_key, order},
                           {items, false, 3, kept, item}}};
  state.apply(plan, group, offset++, nullptr);
  expect_items(R"({"id":11,"qty":7})");
  state.apply(plan, group, offset++, nullptr);
  expect_items(R"({"id":11,"qty":7})");
}

// A dump that is loaded again: DELETE and INSERT of orders with foreign_key_checks = 0.
TEST_F(CascadeTest, ItemsStayWhereForeignKeysAreOff) {
  put(0, 1, order_row(1, 5, "OLD"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 2);
  const std::string key = key_of(1);
  const GroupRecord gone{{0, {1, 3, 0}, 1000, "u:1"}, {{0, true, 0, key, {}, true}}};
  state.apply(plan, gone, offset++, nullptr);
  put(0, 1, order_row(1, 5, "NEW"), 4);
  expect_items(R"({"id":10,"qty":2})");
}

TEST_F(CascadeTest, TakesNothingOfAnotherSource) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  const std::string key = key_of(10);
  const std::string values = values_of(item_row(10, 1, 3, 2), plan.nodes[items]);
  const GroupRecord other{{1, {1, 2, 0}, 1000, "v:1"}, {{items, false, 0, key, values}}};
  state.apply(plan, other, offset++, nullptr);
  put(0, 1, {}, 3);
  put(0, 1, order_row(1, 5, "NEW"), 4);
  expect_items(R"({"id":10,"qty":2})");
}

TEST_F(CascadeTest, IsANoOpWhereTheServerLogsTheRows) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 2);
  put(items, 10, {}, 3);
  put(0, 1, {}, 3);
  EXPECT_FALSE(put(items, 10, {}, 3).visible);
  put(0, 1, order_row(1, 5, "NEW"), 4);
  expect_items("");
}

TEST_F(CascadeTest, WithoutADeclarationItemsStay) {
  declare({{"items", {"product_id"}, "orders", false}, {"items", {"order_id"}, "products", false}});
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 2);
  put(0, 1, {}, 3);
  put(0, 1, order_row(1, 5, "NEW"), 4);
  expect_items(R"({"id":10,"qty":2})");
}

TEST_F(CascadeTest, ItsMarkExpiresWithTheTombstones) {
  put(0, 1, order_row(1, 5, "NEW"), 1);
  put(items, 10, item_row(10, 1, 3, 2), 2);
  put(0, 1, {}, 3);
  EXPECT_EQ(state.fragments().size(), 3u);
  state.expire(plan, 0, 1, 2);
  EXPECT_EQ(state.fragments().size(), 3u);
  state.expire(plan, 0, 1, 3);
  EXPECT_EQ(state.fragments().size(), 1u);  // the order's own tombstone: the stub
  EXPECT_NE(state.find(0, 0, key_of(1)), nullptr);
}

TEST(DocumentId, EncodesSeparatorsInsideValues) {
  std::string key;
  append_key_part(key, Value::string("a-b%"));
  append_key_part(key, Value::int64(7));
  EXPECT_EQ(DocumentId("{hotel}-{no}", {"hotel", "no"}).of(key), "a%2Db%25-7");
  std::string single;
  append_key_part(single, Value::string("a-b%\n"));
  EXPECT_EQ(DocumentId("{hotel}", {"hotel"}).of(single), "a-b%\n");
}

TEST(DocumentId, KeepsShardsApart) {
  std::string key;
  append_key_part(key, Value::string("s-0"));
  append_key_part(key, Value::string("a-b"));
  EXPECT_EQ(DocumentId("{shard}-{id}", {"id"}).of(key), "s-0-a%2Db");
  EXPECT_EQ(DocumentId("{id}@{shard}", {"id"}).of(key), "a-b@s-0");
}

TEST(DocumentId, ReadsTheKeyBackFromAnId) {
  using Texts = std::vector<std::string>;
  const DocumentId pair("{hotel}-{no}", {"hotel", "no"});
  EXPECT_EQ(pair.key_texts("a%2Db%25-7", ""), (Texts{"a-b%", "7"}));
  EXPECT_EQ(pair.key_texts("a-b-7", ""), std::nullopt);  // of() would have encoded one of them
  EXPECT_EQ(pair.key_texts("a%2-7", ""), std::nullopt);
  EXPECT_EQ(pair.key_texts("a", ""), std::nullopt);
  EXPECT_EQ(DocumentId("{no}-{hotel}", {"hotel", "no"}).key_texts("7-a", ""), (Texts{"a", "7"}));
  EXPECT_EQ(DocumentId("{id}", {"id"}).key_texts("a-b%", ""), (Texts{"a-b%"}));
  EXPECT_EQ(DocumentId("order-{id}!", {"id"}).key_texts("order-5!", ""), (Texts{"5"}));
  EXPECT_EQ(DocumentId("order-{id}!", {"id"}).key_texts("order-5", ""), std::nullopt);
  EXPECT_EQ(DocumentId("order-{id}", {"id"}).key_texts("5", ""), std::nullopt);
}

TEST(DocumentId, ReadsIdsOfItsOwnShardOnly) {
  using Texts = std::vector<std::string>;
  const DocumentId first("{shard}-{id}", {"id"});
  EXPECT_EQ(first.key_texts("s-0-a%2Db", "s-0"), (Texts{"a-b"}));
  EXPECT_EQ(first.key_texts("s-1-5", "s-0"), std::nullopt);
  EXPECT_EQ(DocumentId("{id}@{shard}", {"id"}).key_texts("a-b@s-0", "s-0"), (Texts{"a-b"}));
}

TEST(DocumentPlan, NamesThePlaceOfAMistake) {
  const std::vector<TableSchema> tables = shop_tables();
  DocumentSpec spec = order_spec();
  spec.children[0].on = {"ordr_id"};
  const auto plan = compile_plan(std::span(&spec, 1), tables);
  ASSERT_FALSE(plan);
  EXPECT_NE(
      plan.error().message.find("documents.order.children.items.on: table shop.items has no column "
                                "'ordr_id'"),
      std::string::npos);
}

TEST(DocumentPlan, ChangesItsHashWithWhatIsStored) {
  const std::vector<TableSchema> tables = shop_tables();
  DocumentSpec spec = order_spec();
  const auto hash = [&] {
    return compile_plan(std::span(&spec, 1), tables)->documents[0].spec_hash;
  };
  const std::uint64_t before = hash();
  EXPECT_EQ(before, hash());
  spec.children[0].limit = 5;  // shows less, stores the same
  EXPECT_EQ(before, hash());
  spec.children[0].limit = 0;
  spec.children[0].cap = CapSpec{5, "more"};
  const std::uint64_t capped = hash();
  EXPECT_NE(before, capped);  // another field
  spec.children[0].cap->rows = 6;
  EXPECT_EQ(capped, hash());
  spec.children[0].cap.reset();
  spec.children[0].fields->push_back({"product_id", "product_id"});
  EXPECT_NE(before, hash());
  spec.children[0].fields.reset();
  const std::uint64_t whole = hash();
  spec.children[0].flatten = "product";
  EXPECT_NE(whole, hash());
}

}  // namespace
}  // namespace tailrace::transform
