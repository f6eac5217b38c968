// Tables of a small shop, rows written as text, and the events of one transaction.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "transform/event_mapper.hpp"

namespace tailrace::transform {

inline TableSchema make_table(const std::string& name, std::initializer_list<const char*> columns,
                              std::vector<std::uint32_t> primary_key = {0}) {
  TableSchema table;
  table.id = {"shop", name};
  for (const char* column : columns) table.columns.push_back({column, {}});
  table.primary_key = std::move(primary_key);
  return table;
}

// orders(id, status, total): text values live as long as the process.
inline TableSchema orders_table() { return make_table("orders", {"id", "status", "total"}); }
inline TableSchema items_table() {
  return make_table("order_items", {"order_id", "line_no", "qty"}, {0, 1});
}

using Row = std::vector<Value>;

inline Row order(std::int64_t id, const char* status, const char* total = "10.50") {
  return {Value::int64(id), status == nullptr ? Value::null() : Value::string(status),
          Value::text(ValueKind::decimal, total)};
}
inline Row item(std::int64_t order_id, std::int64_t line_no, std::int64_t qty) {
  return {Value::int64(order_id), Value::int64(line_no), Value::int64(qty)};
}

inline StateMatch none() { return {StateMatch::Kind::none, {}}; }
inline StateMatch any() { return {StateMatch::Kind::any, {}}; }
inline StateMatch is(std::vector<std::string> values) {
  return {StateMatch::Kind::values, std::move(values)};
}

inline EventRule status_rule(std::vector<Transition> transitions) {
  EventRule rule;
  rule.table = "orders";
  rule.column = "status";
  rule.transitions = std::move(transitions);
  return rule;
}
inline EventRule plain_rule(const std::string& table, const std::string& emit) {
  EventRule rule;
  rule.table = table;
  rule.emit = emit;
  return rule;
}
inline EventRule items_rule() {
  EventRule rule = plain_rule("order_items", "OrderItemsChanged");
  rule.per_transaction = true;
  rule.key = "{order_id}";
  return rule;
}
inline EventsSpec spec_of(std::vector<EventRule> rules) {
  EventsSpec spec;
  spec.topic = "shop.orders.events";
  spec.key = "{id}";
  spec.rules = std::move(rules);
  return spec;
}

struct Change {
  const TableSchema* table;
  Row before;
  Row after;

  RowChange view(std::uint32_t index) const {
    RowChange row;
    row.table = table;
    row.op = before.empty() ? RowOp::insert : after.empty() ? RowOp::remove : RowOp::update;
    row.index = index;
    row.before = before;
    row.after = after;
    return row;
  }
};

struct Outcome {
  std::vector<DomainEvent> events;
  std::vector<Error> errors;

  std::vector<std::string> types() const {
    std::vector<std::string> names;
    for (const DomainEvent& event : events) names.push_back(event.type);
    return names;
  }
};

inline EventContext context_of(std::uint64_t seq = 42) {
  return {"shop", "s0", Token{1, seq, 0}, 1'763'604'000'000'123};
}

// Runs one transaction as the engine does: dead letters are noted, anything else ends it.
inline Outcome run(EventMapper& mapper, const std::vector<Change>& changes,
                   const EventContext& context = context_of()) {
  Outcome outcome;
  const EventMapper::Out out = [&](const DomainEvent& event) -> Result<void> {
    outcome.events.push_back(event);
    return {};
  };
  const auto note = [&](const Result<void>& result) {
    if (!result) outcome.errors.push_back(result.error());
    return result || result.error().disposition == Disposition::dead_letter;
  };
  mapper.begin(context);
  std::uint32_t index = 0;
  for (const Change& change : changes) {
    if (!note(mapper.add(change.view(index++), out))) return outcome;
  }
  note(mapper.finish(out));
  return outcome;
}

inline EventMapper compiled(const EventsSpec& spec, const std::vector<TableSchema>& tables,
                            EventLimits limits = {}) {
  auto mapper = EventMapper::compile(spec, tables, limits);
  EXPECT_TRUE(mapper) << mapper.error().message;
  return std::move(*mapper);
}

inline std::string header(const DomainEvent& event, const std::string& name) {
  for (const auto& [key, value] : event.headers) {
    if (key == name) return value;
  }
  return "(absent)";
}

}  // namespace tailrace::transform
