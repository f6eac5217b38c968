// Orders with shipments, their parcels, and the parcels' scans.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/transform/shop_plan.hpp"

namespace tailrace::transform {

inline ChildSpec child(const std::string& table_name, const std::string& on,
                       std::vector<ChildSpec> below = {}) {
  ChildSpec spec;
  spec.name = table_name;
  spec.table = table_name;
  spec.on = {on};
  spec.fields = std::vector<FieldSpec>{{"id", "id"}};
  spec.children = std::move(below);
  return spec;
}

inline DocumentSpec nested_spec() {
  DocumentSpec spec;
  spec.name = "order";
  spec.root = "orders";
  spec.id = "{id}";
  spec.fields = std::vector<FieldSpec>{{"id", "id"}};
  spec.children = {child("shipments", "order_id",
                         {child("parcels", "shipment_id", {child("scans", "parcel_id")})})};
  return spec;
}

struct NestedShop {
  std::vector<TableSchema> tables = {
      table("orders", {"id"}), table("shipments", {"id", "order_id"}),
      table("parcels", {"id", "shipment_id", "weight"}), table("scans", {"id", "parcel_id"})};
  PipelinePlan plan;

  explicit NestedShop(const DocumentSpec& spec = nested_spec()) {
    plan = *compile_plan(std::span(&spec, 1), tables);
  }
  const TableSchema* table_of(const std::string& name) const {
    for (const TableSchema& schema : tables) {
      if (schema.id.table == name) return &schema;
    }
    return nullptr;
  }
  NodeId shipments() const { return plan.documents[0].children[0]; }
  NodeId parcels() const { return plan.documents[0].nodes[shipments()].children[0]; }
  NodeId scans() const { return plan.documents[0].nodes[parcels()].children[0]; }
};

}  // namespace tailrace::transform
