#include <gtest/gtest.h>

#include "tests/unit/transform_events/event_fixture.hpp"

namespace tailrace::transform {
namespace {

const TableSchema orders = orders_table();
const TableSchema items = items_table();

TEST(PerTransaction, MakesOneEventOfTheRowsOfAKey) {
  EventMapper mapper = compiled(spec_of({items_rule()}), {items, orders});
  const Outcome outcome = run(mapper, {{&orders, {}, order(1, "PLACED")},
                                       {&items, {}, item(1, 1, 5)},
                                       {&items, item(2, 1, 1), {}},
                                       {&items, item(1, 1, 5), item(1, 1, 6)}});
  ASSERT_EQ(outcome.events.size(), 2u);
  EXPECT_EQ(outcome.events[0].key, "1");
  EXPECT_EQ(outcome.events[0].value,
            R"({"order_id":1,"rows":[)"
            R"({"op":"insert","after":{"order_id":1,"line_no":1,"qty":5}},)"
            R"({"op":"update","before":{"order_id":1,"line_no":1,"qty":5},)"
            R"("after":{"order_id":1,"line_no":1,"qty":6}}]})");
  EXPECT_EQ(header(outcome.events[0], "ce_id"), "s0:1:42:1:0");
  EXPECT_EQ(header(outcome.events[0], "ce_subject"), "1");
  EXPECT_EQ(header(outcome.events[0], "ce_op"), "(absent)");
  EXPECT_EQ(outcome.events[1].value,
            R"({"order_id":2,"rows":[{"op":"delete","before":)"
            R"({"order_id":2,"line_no":1,"qty":1}}]})");
  EXPECT_EQ(header(outcome.events[1], "ce_id"), "s0:1:42:2:0");
}

TEST(PerTransaction, ComesAfterTheEventsOfRows) {
  EventMapper mapper =
      compiled(spec_of({items_rule(), plain_rule("orders", "Changed")}), {items, orders});
  const Outcome outcome =
      run(mapper, {{&items, {}, item(1, 1, 5)}, {&orders, {}, order(1, "PLACED")}});
  EXPECT_EQ(outcome.types(), (std::vector<std::string>{"Changed", "OrderItemsChanged"}));
}

TEST(PerTransaction, ShowsARowThatMovedToBothKeys) {
  EventMapper mapper = compiled(spec_of({items_rule()}), {items});
  const Outcome outcome = run(mapper, {{&items, item(1, 1, 5), item(2, 1, 5)}});
  ASSERT_EQ(outcome.events.size(), 2u);
  const std::string rows =
      R"("rows":[{"op":"update","before":{"order_id":1,"line_no":1,"qty":5},)"
      R"("after":{"order_id":2,"line_no":1,"qty":5}}]})";
  EXPECT_EQ(outcome.events[0].key, "2");
  EXPECT_EQ(outcome.events[0].value, R"({"order_id":2,)" + rows);
  EXPECT_EQ(header(outcome.events[0], "ce_id"), "s0:1:42:0:0");
  EXPECT_EQ(outcome.events[1].key, "1");
  EXPECT_EQ(outcome.events[1].value, R"({"order_id":1,)" + rows);
  EXPECT_EQ(header(outcome.events[1], "ce_id"), "s0:1:42:0:0:from");
}

TEST(PerTransaction, WritesTheKeyAloneWhereAsked) {
  EventRule rule = items_rule();
  rule.data = EventRule::Data::key;
  EventMapper mapper = compiled(spec_of({rule}), {items});
  const Outcome outcome =
      run(mapper, {{&items, {}, item(1, 1, 5)}, {&items, {}, item(1, 2, 5)}});
  ASSERT_EQ(outcome.events.size(), 1u);
  EXPECT_EQ(outcome.events[0].value, R"({"order_id":1})");
}

TEST(PerTransaction, TakesAFixedKeyForTheWholeTransaction) {
  EventRule rule = items_rule();
  rule.key = "all";
  EventMapper mapper = compiled(spec_of({rule}), {items});
  const Outcome outcome =
      run(mapper, {{&items, {}, item(1, 1, 5)}, {&items, {}, item(2, 2, 5)}});
  ASSERT_EQ(outcome.events.size(), 1u);
  EXPECT_TRUE(outcome.events[0].value.starts_with(R"({"rows":[{"op":"insert")"));
}

TEST(PerTransaction, GroupsTheTransitionsOfAStateMachine) {
  EventRule rule = status_rule({{any(), is({"SHIPPED"}), "OrdersShipped"}});
  rule.per_transaction = true;
  rule.key = "{total}";
  EventMapper mapper = compiled(spec_of({rule}), {orders});
  const Outcome outcome = run(mapper, {{&orders, order(1, "PAID"), order(1, "SHIPPED")},
                                       {&orders, order(2, "PAID"), order(2, "PACKED")},
                                       {&orders, order(3, "PAID", "1.00"), order(3, "SHIPPED")}});
  ASSERT_EQ(outcome.events.size(), 1u);
  EXPECT_EQ(outcome.events[0].key, "10.50");
}

TEST(PerTransaction, KeepsTextsOfRowsThatAreGone) {
  const TableSchema notes = make_table("notes", {"id", "text"});
  EventRule rule = plain_rule("notes", "NotesChanged");
  rule.per_transaction = true;
  rule.key = "all";
  EventMapper mapper = compiled(spec_of({rule}), {notes});
  std::vector<std::string> values;
  const EventMapper::Out out = [&](const DomainEvent& event) -> Result<void> {
    values.push_back(event.value);
    return {};
  };
  mapper.begin(context_of());
  for (std::uint32_t i = 0; i < 2; ++i) {
    const std::string text(40, static_cast<char>('a' + i));
    const Row row = {Value::int64(i), Value::string(text)};
    ASSERT_TRUE(mapper.add(Change{&notes, {}, row}.view(i), out));
  }
  ASSERT_TRUE(mapper.finish(out));
  ASSERT_EQ(values.size(), 1u);
  EXPECT_NE(values[0].find(std::string(40, 'a')), std::string::npos);
  EXPECT_NE(values[0].find(std::string(40, 'b')), std::string::npos);
}

TEST(PerTransaction, SetsAsideWhatItHasNoRoomToHold) {
  EventMapper mapper = compiled(spec_of({items_rule()}), {items},
                                {.event_bytes = 1 << 20, .held_bytes = 400});
  std::vector<Change> changes;
  for (int line = 0; line < 100; ++line) changes.push_back({&items, {}, item(1, line, 1)});
  changes.push_back({&items, {}, item(2, 1, 1)});
  const Outcome outcome = run(mapper, changes);
  EXPECT_TRUE(outcome.events.empty());
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_EQ(outcome.errors[0].code, "events.too_large");
  EXPECT_EQ(outcome.errors[0].disposition, Disposition::dead_letter);
  EXPECT_NE(outcome.errors[0].message.find("1 row changes"), std::string::npos)
      << outcome.errors[0].message;
  const Outcome next = run(mapper, {{&items, {}, item(1, 1, 1)}});
  EXPECT_EQ(next.events.size(), 1u);
  EXPECT_TRUE(next.errors.empty());
}

TEST(PerTransaction, ForgetsATransactionThatWasGivenUp) {
  EventMapper mapper = compiled(spec_of({items_rule()}), {items});
  const EventMapper::Out out = [](const DomainEvent&) -> Result<void> { return {}; };
  mapper.begin(context_of(1));
  const Row row = item(1, 1, 1);
  ASSERT_TRUE(mapper.add(Change{&items, {}, row}.view(0), out));
  EXPECT_TRUE(run(mapper, {}, context_of(2)).events.empty());
}

TEST(PerTransaction, RefusesAKeyColumnNamedLikeItsRows) {
  EventRule rule = plain_rule("t", "X");
  rule.per_transaction = true;
  rule.key = "{rows}";
  const std::vector<TableSchema> tables = {make_table("t", {"rows"})};
  const auto mapper = EventMapper::compile(spec_of({rule}), tables);
  ASSERT_FALSE(mapper);
  EXPECT_EQ(mapper.error().code, "events.bad_rule");
}

}  // namespace
}  // namespace tailrace::transform
