// Children of children: the plan and the document.
#include <gtest/gtest.h>

#include "tests/unit/transform/nested_shop.hpp"
#include "transform/projection/renderer.hpp"
#include "transform/projection/root_state.hpp"

namespace tailrace::transform {
namespace {

std::string error_of(const DocumentSpec& spec) {
  const NestedShop shop;
  const auto plan = compile_plan(std::span(&spec, 1), shop.tables);
  return plan ? "" : plan.error().message;
}

TEST(NestedPlan, StoresWhatJoinsARowToItsParent) {
  const NestedShop shop;
  const PlanNode& shipments = shop.plan.documents[0].nodes[shop.shipments()];
  const PlanNode& parcels = shop.plan.documents[0].nodes[shop.parcels()];
  EXPECT_FALSE(shipments.deep());
  EXPECT_EQ(shipments.root_key, shipments.parent_key);
  EXPECT_TRUE(parcels.deep());
  EXPECT_EQ(parcels.parent, shop.shipments());
  EXPECT_TRUE(parcels.root_key.empty());
  EXPECT_EQ(parcels.columns, (std::vector<std::string>{"id", "shipment_id"}));
  EXPECT_EQ(shop.plan.tables(),
            (std::vector<std::string>{"orders", "shipments", "parcels", "scans"}));
  EXPECT_EQ(shop.plan.documents[0].children, std::vector<NodeId>{shop.shipments()});
}

TEST(NestedPlan, NamesEveryTableAndLookupOfEveryLevel) {
  DocumentSpec spec = nested_spec();
  spec.children[0].children[0].lookups = {lookup("depot", "depots", "depot_id")};
  const std::vector<std::string> tables = referenced_tables(std::span(&spec, 1));
  EXPECT_EQ(tables,
            (std::vector<std::string>{"depots", "orders", "shipments", "parcels", "scans"}));
  EXPECT_TRUE(is_lookup_table(std::span(&spec, 1), "depots"));
}

TEST(NestedPlan, ItsHashChangesWithWhatARowHangsOn) {
  DocumentSpec spec = nested_spec();
  const std::uint64_t hash = NestedShop(spec).plan.documents[0].spec_hash;
  spec.children[0].children[0].children[0].on = {"id"};
  EXPECT_NE(NestedShop(spec).plan.documents[0].spec_hash, hash);
  spec = nested_spec();
  spec.children[0].children[0].limit = 3;  // shows less, stores the same
  EXPECT_EQ(NestedShop(spec).plan.documents[0].spec_hash, hash);
  spec.children.push_back(spec.children[0].children[0]);  // beside its parent
  spec.children[0].children.clear();
  EXPECT_NE(NestedShop(spec).plan.documents[0].spec_hash, hash);
}

TEST(NestedPlan, RefusesAnOnThatDoesNotFitTheParent) {
  DocumentSpec spec = nested_spec();
  spec.children[0].children[0].on = {"shipment_id", "weight"};
  EXPECT_EQ(error_of(spec),
            "documents.order.children.shipments.children.parcels.on: names 2 columns, the primary "
            "key of shipments has 1");
  spec.children[0].children[0].on = {"shipment"};
  EXPECT_NE(error_of(spec).find("children.parcels.on: table shop.parcels has no column 'shipment'"),
            std::string::npos);
}

TEST(NestedPlan, SaysWhenADocumentHasTooManyPlaces) {
  DocumentSpec spec = nested_spec();
  auto& parcels = spec.children[0].children[0].children;
  for (int n = 0; n < 300; ++n) parcels.push_back(child("scans", "parcel_id"));
  EXPECT_NE(error_of(spec).find("a document has at most 200 children and lookups"),
            std::string::npos);
}

TEST(NestedPlan, SaysWhenLevelsAreTooMany) {
  DocumentSpec spec = nested_spec();
  ChildSpec at = child("scans", "parcel_id");
  for (std::size_t level = 1; level <= max_levels; ++level) {
    at = child("scans", "parcel_id", {at});
  }
  spec.children = {at};
  EXPECT_NE(error_of(spec).find("children go 8 levels deep at most"), std::string::npos);
}

class NestedDocument : public testing::Test {
 protected:
  void put(NodeId node, const std::vector<std::int64_t>& row, std::uint8_t source = 0) {
    const PlanNode& place = shop.plan.documents[0].nodes[node];
    std::string values;
    for (const std::uint32_t column : place.table_columns) {
      append_value(values, Value::int64(row[column]));
    }
    const std::string key = key_of(row[0]);
    const GroupRecord group{{source, {1, ++seq, 0}, 0, ""}, {{node, false, 0, key, values}}};
    state.apply(shop.plan.documents[0], group, static_cast<std::int64_t>(seq), nullptr);
  }
  std::string body() {
    const auto write = Renderer(shop.plan.documents[0], {"s0"}, 0).render(key_of(1), state);
    return write->body.substr(0, write->body.find(",\"_tailrace\""));
  }

  NestedShop shop;
  RootState state;
  std::uint64_t seq = 0;
};

TEST_F(NestedDocument, ShowsEachParentItsOwnRows) {
  put(0, {1});
  put(shop.shipments(), {1, 1});
  put(shop.shipments(), {2, 1});
  put(shop.parcels(), {20, 2, 5});
  put(shop.parcels(), {12, 1, 5});
  put(shop.parcels(), {11, 1, 5});
  put(shop.scans(), {7, 11});
  EXPECT_EQ(body(), R"({"id":1,"shipments":[{"id":1,"parcels":[{"id":11,"scans":[{"id":7}]},)"
                    R"({"id":12,"scans":[]}]},{"id":2,"parcels":[{"id":20,"scans":[]}]}])");
}

TEST_F(NestedDocument, ShowsNoRowWhoseParentIsNotThere) {
  put(0, {1});
  put(shop.parcels(), {11, 1, 5});
  EXPECT_EQ(body(), R"({"id":1,"shipments":[])");
}

TEST_F(NestedDocument, JoinsRowsOfOneSourceOnly) {
  put(0, {1});
  put(shop.shipments(), {1, 1});
  put(shop.parcels(), {11, 1, 5}, 1);
  EXPECT_EQ(body(), R"({"id":1,"shipments":[{"id":1,"parcels":[]}])");
}

TEST_F(NestedDocument, SortsAndCutsForEachParent) {
  DocumentSpec spec = nested_spec();
  spec.children[0].children[0].sort = {{"weight", true}};
  spec.children[0].children[0].limit = 2;
  spec.children[0].children[0].children[0].one = true;
  shop = NestedShop(spec);
  put(0, {1});
  for (const std::int64_t shipment : {1, 2}) {
    put(shop.shipments(), {shipment, 1});
    for (std::int64_t n = 0; n < 3; ++n) {
      put(shop.parcels(), {shipment * 10 + n, shipment, n == 1 ? 9 : 5});
    }
  }
  put(shop.scans(), {8, 11});
  put(shop.scans(), {7, 11});
  EXPECT_EQ(body(), R"({"id":1,"shipments":[{"id":1,"parcels":[{"id":11,"scans":{"id":7}},)"
                    R"({"id":10,"scans":null}]},{"id":2,"parcels":[{"id":21,"scans":null},)"
                    R"({"id":20,"scans":null}]}])");
}

}  // namespace
}  // namespace tailrace::transform
