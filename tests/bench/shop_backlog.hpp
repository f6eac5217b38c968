// The shop of the projector's benchmark: six tables, one document, and a backlog of what happens to
// its orders. An order has lookups of a customer, of each item's product and of that product's
// category.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/topics.hpp"
#include "tests/bench/backlog_log.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/router.hpp"

namespace tailrace::bench {

inline TableSchema table(const std::string& name, const std::vector<std::string>& columns) {
  TableSchema schema;
  schema.id = {"shop", name};
  for (const std::string& column : columns) schema.columns.push_back({column, {}});
  schema.primary_key = {0};
  return schema;
}

inline transform::LookupSpec lookup(const std::string& name, const std::string& of,
                                    const std::string& on) {
  transform::LookupSpec spec;
  spec.name = name;
  spec.table = of;
  spec.on = {{on, ""}};
  return spec;
}

inline transform::DocumentSpec order_document() {
  transform::DocumentSpec spec;
  spec.name = "order";
  spec.root = "orders";
  spec.id = "{id}";
  spec.lookups = {lookup("customer", "users", "user_id")};
  transform::ChildSpec items;
  items.name = "items";
  items.table = "order_items";
  items.on = {"order_id"};
  items.lookups = {lookup("product", "products", "product_id")};
  items.lookups[0].lookups = {lookup("category", "categories", "category_id")};
  transform::ChildSpec payments;
  payments.name = "payments";
  payments.table = "payments";
  payments.on = {"order_id"};
  spec.children = {items, payments};
  return spec;
}

// Fills the log with what happens in the shop, as the router groups it.
class Shop {
 public:
  Shop(BacklogLog& log, int items) : log_(log), items_(items) {
    tables_ = {table("orders", {"id", "order_no", "user_id", "status", "status_at", "note",
                                "items_total", "placed_at"}),
               table("order_items", {"id", "order_id", "product_id", "quantity", "unit_price",
                                     "line_total", "options"}),
               table("payments", {"id", "order_id", "method", "status", "amount", "paid_at"}),
               table("users", {"id", "name", "email"}),
               table("products", {"id", "name", "category_id", "price"}),
               table("categories", {"id", "name"})};
    const transform::DocumentSpec spec = order_document();
    plan = *transform::compile_plan(std::span(&spec, 1), tables_);
  }

  // Users, products, categories, and the end of a first load that found nothing else.
  Result<void> open() {
    router_.emplace(plan);
    TAILRACE_TRY(fill_lookups());
    for (Log& partition : log_.changes) {
      std::string end;
      transform::encode(end, transform::SnapshotEndRecord{{0, {1, seq_, 0}, 0, {}}});
      partition.push_back({"", end});
    }
    rows_ = 0;
    return {};
  }

  // A transaction per order: the order, its items, its payment.
  Result<void> place(std::int64_t first, std::int64_t last) {
    for (std::int64_t id = first; id <= last; ++id) TAILRACE_TRY(place(id));
    return {};
  }

  // A transaction per order: its status and its payment's. All orders, by their keys.
  Result<void> change_all(std::int64_t orders, bool paid) {
    for (std::int64_t id = 1; id <= orders; ++id) TAILRACE_TRY(pay(id, paid));
    return {};
  }
  // The same for `count` of `orders` orders that lie evenly among them, in an order that is not
  // that of their keys.
  Result<void> change_some(std::int64_t orders, std::int64_t count, bool paid) {
    const std::int64_t distance = orders / count;
    for (std::int64_t turn = 0; turn < count; ++turn) {
      TAILRACE_TRY(pay(1 + turn * stride % count * distance, paid));
    }
    return {};
  }

  std::uint64_t rows() const { return rows_; }  // row changes made so far

  transform::PipelinePlan plan;

 private:
  using Row = std::vector<Value>;
  static constexpr std::int64_t stride = 1'000'003;  // a prime: comes to every order once
  static constexpr std::int64_t users = 20'000;
  static constexpr std::int64_t products = 5'000;

  void begin() { router_->begin({0, {1, ++seq_, 0}, 1'760'000'000'000'000, gtid()}); }
  std::string_view gtid() {
    gtid_ = "aefad21f-e598-11f1-8474-02fc00000001:" + std::to_string(seq_);
    return gtid_;
  }
  Result<void> add(std::size_t at, RowOp op, const Row& before, const Row& after) {
    ++rows_;
    return router_->add({&tables_[at], op, index_++, before, after});
  }
  Result<void> end() {
    index_ = 0;
    const auto group = [&](const transform::Router::Group& g) -> Result<void> {
      const Partition p = stream::partition_of(g.root, static_cast<Partition>(log_.changes.size()));
      log_.changes[static_cast<std::size_t>(p)].push_back(
          {std::string(g.root), std::string(g.record)});
      return {};
    };
    const auto look = [&](const transform::Router::LookupChange& change) -> Result<void> {
      log_.lookups[engine::lookup_topic("bench", plan.lookups[change.table].table)].push_back(
          {std::string(change.key), std::string(change.record)});
      return {};
    };
    return router_->finish(group, look);
  }

  Result<void> fill_lookups() {
    for (std::int64_t id = 1; id <= 50; ++id) {
      TAILRACE_TRY(insert(5, {Value::int64(id), Value::string("가전")}));
    }
    for (std::int64_t id = 1; id <= products; ++id) {
      TAILRACE_TRY(
          insert(4, {Value::int64(id), Value::string("Whistling kettle 주전자"),
                     Value::int64(id % 50 + 1), Value::text(ValueKind::decimal, "19.90")}));
    }
    for (std::int64_t id = 1; id <= users; ++id) {
      TAILRACE_TRY(insert(
          3, {Value::int64(id), Value::string("Kim Minji"), Value::string("kim@example.org")}));
    }
    return {};
  }
  Result<void> insert(std::size_t at, const Row& row) {
    begin();
    TAILRACE_TRY(add(at, RowOp::insert, {}, row));
    return end();
  }

  Row order(std::int64_t id, std::string_view status) const {
    return {Value::int64(id),
            Value::string("20261121-00012345"),
            Value::int64(id * 7919 % users + 1),
            Value::string(status),
            Value::text(ValueKind::datetime, "2026-11-21T10:45:40.547"),
            Value::string("please ring twice"),
            Value::text(ValueKind::decimal, "321.96"),
            Value::text(ValueKind::datetime, "2026-11-21T10:45:40.547")};
  }
  Row payment(std::int64_t id, std::string_view status) const {
    return {Value::int64(id),
            Value::int64(id),
            Value::string("card"),
            Value::string(status),
            Value::text(ValueKind::decimal, "321.96"),
            Value::null()};
  }
  Row item(std::int64_t id, std::int64_t order) const {
    return {Value::int64(id),
            Value::int64(order),
            Value::int64(id * 104729 % products + 1),
            Value::int64(2),
            Value::text(ValueKind::decimal, "19.90"),
            Value::text(ValueKind::decimal, "39.80"),
            Value::text(ValueKind::json, "{\"gift\":true}")};
  }
  Result<void> place(std::int64_t id) {
    begin();
    TAILRACE_TRY(add(0, RowOp::insert, {}, order(id, "PLACED")));
    for (int i = 0; i < items_; ++i) {
      TAILRACE_TRY(add(1, RowOp::insert, {}, item(id * 1000 + i, id)));
    }
    TAILRACE_TRY(add(2, RowOp::insert, {}, payment(id, "OPEN")));
    return end();
  }
  Result<void> pay(std::int64_t id, bool paid) {
    const auto [before, after] = paid ? std::pair("PLACED", "PAID") : std::pair("PAID", "PLACED");
    const auto [open, done] = paid ? std::pair("OPEN", "DONE") : std::pair("DONE", "OPEN");
    begin();
    TAILRACE_TRY(add(0, RowOp::update, order(id, before), order(id, after)));
    TAILRACE_TRY(add(2, RowOp::update, payment(id, open), payment(id, done)));
    return end();
  }

  BacklogLog& log_;
  const int items_;
  std::vector<TableSchema> tables_;
  std::optional<transform::Router> router_;
  std::uint64_t seq_ = 0;
  std::uint64_t rows_ = 0;
  std::uint32_t index_ = 0;
  std::string gtid_;
};

}  // namespace tailrace::bench
