// A small shop for tests: orders with items, items with products, products with categories.
#pragma once

#include <string>
#include <vector>

#include "core/change.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

inline TableSchema table(const std::string& name, const std::vector<std::string>& columns) {
  TableSchema schema;
  schema.id = {"shop", name};
  for (const std::string& column : columns) schema.columns.push_back({column, {}});
  schema.primary_key = {0};
  return schema;
}

inline std::vector<TableSchema> shop_tables() {
  return {table("orders", {"id", "customer_id", "status"}),
          table("items", {"id", "order_id", "product_id", "qty"}),
          table("products", {"id", "name", "category_id"}), table("categories", {"id", "name"}),
          table("customers", {"id", "name"})};
}

inline LookupSpec lookup(const std::string& name, const std::string& table_name,
                         const std::string& on) {
  LookupSpec spec;
  spec.name = name;
  spec.table = table_name;
  spec.on = {{on, ""}};
  spec.fields = std::vector<FieldSpec>{{"name", "name"}};
  return spec;
}

inline DocumentSpec order_spec() {
  DocumentSpec spec;
  spec.name = "order";
  spec.root = "orders";
  spec.id = "{id}";
  spec.fields = std::vector<FieldSpec>{{"id", "id"}, {"state", "status"}};
  spec.lookups = {lookup("customer", "customers", "customer_id")};
  ChildSpec items;
  items.name = "items";
  items.table = "items";
  items.on = {"order_id"};
  items.fields = std::vector<FieldSpec>{{"id", "id"}, {"qty", "qty"}};
  items.lookups = {lookup("product", "products", "product_id")};
  items.lookups[0].lookups = {lookup("category", "categories", "category_id")};
  spec.children = {items};
  return spec;
}

struct Shop {
  std::vector<TableSchema> tables = shop_tables();
  PipelinePlan plan;

  Shop() {
    const DocumentSpec spec = order_spec();
    plan = *compile_plan(std::span(&spec, 1), tables);
  }
  const TableSchema* table_of(const std::string& name) const {
    for (const TableSchema& schema : tables) {
      if (schema.id.table == name) return &schema;
    }
    return nullptr;
  }
};

using Row = std::vector<Value>;

inline RowChange change(const Shop& shop, const std::string& table_name, RowOp op,
                        std::uint32_t index, const Row& before, const Row& after) {
  return {shop.table_of(table_name), op, index, before, after};
}

inline Row order_row(std::int64_t id, std::int64_t customer, std::string_view status) {
  return {Value::int64(id), Value::int64(customer), Value::string(status)};
}
inline Row item_row(std::int64_t id, std::int64_t order, std::int64_t product, std::int64_t qty) {
  return {Value::int64(id), Value::int64(order), Value::int64(product), Value::int64(qty)};
}

inline std::string key_of(std::int64_t id) {
  std::string key = std::to_string(id);
  key.insert(key.begin(), static_cast<char>(key.size()));
  return key;
}

}  // namespace tailrace::transform
