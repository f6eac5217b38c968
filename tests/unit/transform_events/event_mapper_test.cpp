#include "transform/event_mapper.hpp"

#include <gtest/gtest.h>

#include "tests/unit/transform_events/event_fixture.hpp"

namespace tailrace::transform {
namespace {

const TableSchema orders = orders_table();
const TableSchema items = items_table();
const TableSchema products = make_table("products", {"id", "name"});

using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(EventMapper, WritesCloudEventsInBinaryMode) {
  EventMapper mapper = compiled(
      spec_of({plain_rule("orders", "Changed"),
               status_rule({{is({"PLACED"}), is({"PAID"}), "OrderPaid"}})}),
      {orders, products});
  const Outcome outcome =
      run(mapper, {{&products, {}, {Value::int64(1), Value::string("cup")}},
                   {&orders, order(7, "PLACED"), order(7, "PAID")}});
  ASSERT_EQ(outcome.types(), (std::vector<std::string>{"Changed", "OrderPaid"}));
  const DomainEvent& event = outcome.events[1];
  EXPECT_EQ(event.topic, "shop.orders.events");
  EXPECT_EQ(event.key, "7");
  EXPECT_EQ(event.value, R"({"id":7,"status":"PAID","total":"10.50"})");
  EXPECT_EQ(event.headers, (Headers{{"ce_specversion", "1.0"},
                                    {"ce_id", "s0:1:42:1:1"},
                                    {"ce_source", "shop/s0"},
                                    {"ce_type", "OrderPaid"},
                                    {"ce_time", "2025-11-20T02:00:00.000123Z"},
                                    {"ce_subject", "7"},
                                    {"ce_op", "update"},
                                    {"content-type", "application/json"}}));
}

TEST(EventMapper, LeavesOptionalHeadersOutWhenThereIsNothingToSay) {
  EventRule rule = plain_rule("orders", "Changed");
  rule.key = "{status}";
  EventMapper mapper = compiled(spec_of({rule}), {orders});
  EventContext context = context_of();
  context.commit_time_us = 0;
  const Outcome outcome = run(mapper,
                              {{&orders, {}, order(7, "PAID")}, {&orders, {}, order(8, nullptr)}},
                              context);
  ASSERT_EQ(outcome.events.size(), 2u);
  EXPECT_EQ(header(outcome.events[0], "ce_subject"), "PAID");
  EXPECT_EQ(outcome.events[1].key, "");
  EXPECT_EQ(header(outcome.events[1], "ce_subject"), "(absent)");
  EXPECT_EQ(header(outcome.events[1], "ce_time"), "(absent)");
}

TEST(EventMapper, WritesBareEventsWithTheirContentTypeOnly) {
  EventsSpec spec = spec_of({plain_rule("orders", "Changed")});
  spec.envelope = Envelope::bare;
  EventMapper mapper = compiled(spec, {orders});
  const Outcome outcome = run(mapper, {{&orders, {}, order(7, "PAID")}});
  ASSERT_EQ(outcome.events.size(), 1u);
  EXPECT_EQ(outcome.events[0].type, "Changed");
  EXPECT_EQ(outcome.events[0].headers, (Headers{{"content-type", "application/json"}}));
}

TEST(EventMapper, WritesTheDataThatTheRuleAsksFor) {
  using Data = EventRule::Data;
  const struct {
    Data data;
    Row before;
    Row after;
    const char* value;
  } cases[] = {
      {Data::after, order(7, "A"), {}, R"({"id":7,"status":"A","total":"10.50"})"},
      {Data::diff, order(7, "A"), order(7, "B"),
       R"({"id":7,"status":{"before":"A","after":"B"}})"},
      {Data::key, order(7, "A"), order(7, "B"), R"({"id":7})"},
      {Data::key, order(7, "A"), {}, R"({"id":7})"},
      {Data::after, {}, {Value::int64(7), Value(), Value::null()}, R"({"id":7,"total":null})"},
  };
  for (const auto& c : cases) {
    EventRule rule = plain_rule("orders", "Changed");
    rule.data = c.data;
    EventMapper mapper = compiled(spec_of({rule}), {orders});
    const Outcome outcome = run(mapper, {{&orders, c.before, c.after}});
    ASSERT_EQ(outcome.events.size(), 1u);
    EXPECT_EQ(outcome.events[0].value, c.value);
  }
}

TEST(EventMapper, PutsThePrimaryKeyAndTheEventsKeyIntoKeyData) {
  EventRule rule = plain_rule("order_items", "ItemChanged");
  rule.data = EventRule::Data::key;
  rule.key = "{qty}";
  EventMapper mapper = compiled(spec_of({rule}), {items});
  const Outcome outcome = run(mapper, {{&items, {}, item(1, 2, 3)}});
  ASSERT_EQ(outcome.events.size(), 1u);
  EXPECT_EQ(outcome.events[0].value, R"({"order_id":1,"line_no":2,"qty":3})");
}

TEST(EventMapper, KeysByThePrimaryKeyWhereTheFileSaysNothing) {
  EventsSpec spec = spec_of({plain_rule("order_items", "ItemChanged")});
  spec.key.clear();
  EventMapper mapper = compiled(spec, {items});
  EXPECT_EQ(run(mapper, {{&items, {}, item(1, 2, 3)}}).events.at(0).key, "1-2");
}

TEST(EventMapper, TakesTheKeyFromAfterWhenItChanged) {
  EventMapper mapper =
      compiled(spec_of({status_rule({{any(), is({"PAID"}), "OrderPaid"}})}), {orders});
  const Outcome outcome = run(mapper, {{&orders, order(7, "PLACED"), order(8, "PAID")}});
  EXPECT_EQ(outcome.events.at(0).key, "8");
}

TEST(EventMapper, FillsInTopicsPerRow) {
  EventRule rule = plain_rule("orders", "Changed");
  rule.topic = "shop.{status}.events";
  EventMapper mapper = compiled(spec_of({rule}), {orders});
  const Outcome outcome = run(mapper, {{&orders, {}, order(1, "PAID")},
                                       {&orders, {}, order(2, "no/topic")},
                                       {&orders, {}, order(3, nullptr)}});
  ASSERT_EQ(outcome.events.size(), 1u);
  EXPECT_EQ(outcome.events[0].topic, "shop.PAID.events");
  ASSERT_EQ(outcome.errors.size(), 2u);
  for (const Error& error : outcome.errors) {
    EXPECT_EQ(error.code, "events.bad_topic");
    EXPECT_EQ(error.disposition, Disposition::dead_letter);
  }
}

TEST(EventMapper, SetsAsideWhatIsTooLarge) {
  EventMapper mapper = compiled(spec_of({plain_rule("orders", "Changed")}), {orders},
                                {.event_bytes = 50, .held_bytes = 1000});
  const std::string long_status(100, 'x');
  const Outcome outcome = run(mapper, {{&orders, {}, order(1, long_status.c_str())},
                                       {&orders, {}, order(2, "PAID")}});
  EXPECT_EQ(outcome.events.size(), 1u);
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_EQ(outcome.errors[0].code, "events.too_large");
}

TEST(EventMapper, PassesAnErrorOfItsTakerOnAtOnce) {
  EventMapper mapper = compiled(
      spec_of({plain_rule("orders", "First"), plain_rule("orders", "Second")}), {orders});
  int calls = 0;
  const EventMapper::Out broken = [&](const DomainEvent&) -> Result<void> {
    ++calls;
    return retry("log.full", "later");
  };
  mapper.begin(context_of());
  const Row after = order(1, "PAID");
  const auto result = mapper.add(Change{&orders, {}, after}.view(0), broken);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "log.full");
  EXPECT_EQ(calls, 1);
}

TEST(EventMapper, GivesTheSameEventsForTheSameTransaction) {
  const EventsSpec spec = spec_of({items_rule(), plain_rule("orders", "Changed")});
  const std::vector<Change> changes = {{&items, {}, item(2, 1, 1)},
                                       {&orders, {}, order(1, "PLACED")},
                                       {&items, item(1, 1, 1), item(1, 1, 2)}};
  EventMapper first = compiled(spec, {orders, items});
  EventMapper second = compiled(spec, {items, orders});
  run(second, {{&orders, {}, order(9, "PAID")}, {&items, {}, item(9, 9, 9)}}, context_of(41));
  const Outcome a = run(first, changes);
  const Outcome b = run(second, changes);
  ASSERT_EQ(a.events.size(), 3u);
  ASSERT_EQ(b.events.size(), 3u);
  for (std::size_t i = 0; i < a.events.size(); ++i) {
    EXPECT_EQ(a.events[i].value, b.events[i].value);
    EXPECT_EQ(a.events[i].key, b.events[i].key);
    EXPECT_EQ(a.events[i].headers, b.events[i].headers);
  }
}

TEST(EventMapper, FollowsASchemaThatChangedUnderItsAddress) {
  TableSchema table = orders;
  EventMapper mapper = compiled(spec_of({plain_rule("orders", "Changed")}), {table});
  EXPECT_EQ(run(mapper, {{&table, {}, order(1, "PAID")}}).events.at(0).key, "1");
  table = make_table("orders", {"status", "id"}, {1});
  const Row row = {Value::string("PAID"), Value::int64(2)};
  const Outcome changed = run(mapper, {{&table, {}, row}});
  EXPECT_EQ(changed.events.at(0).value, R"({"status":"PAID","id":2})");
  table = make_table("products", {"name"});
  EXPECT_TRUE(run(mapper, {{&table, {}, {Value::string("cup")}}}).events.empty());
  table = make_table("orders", {"status"});
  const Outcome dropped = run(mapper, {{&table, {}, {Value::string("PAID")}}});
  ASSERT_EQ(dropped.errors.size(), 1u);
  EXPECT_EQ(dropped.errors[0].code, "events.bad_template");
}

TEST(EventMapper, RefusesRulesItCannotFollow) {
  const auto changed = [](auto edit) {
    EventRule rule = status_rule({{any(), is({"PAID"}), "OrderPaid"}});
    edit(rule);
    return rule;
  };
  const struct {
    EventRule rule;
    const char* code;
  } cases[] = {
      {changed([](EventRule& r) { r.table = "ordrs"; }), "events.unknown_table"},
      {changed([](EventRule& r) { r.column = "state"; }), "events.unknown_column"},
      {changed([](EventRule& r) { r.key = "{idd}"; }), "events.bad_template"},
      {changed([](EventRule& r) { r.topic = "a.{b"; }), "events.bad_template"},
      {changed([](EventRule& r) { r.topic = "a b"; }), "events.bad_topic"},
      {changed([](EventRule& r) { r.transitions[0].emit.clear(); }), "events.bad_rule"},
      {changed([](EventRule& r) { r.column.clear(); }), "events.bad_rule"},
      {changed([](EventRule& r) { r.on_unexpected = OnUnexpected::emit; }), "events.bad_rule"},
      {changed([](EventRule& r) {
         r.per_transaction = true;
         r.data = EventRule::Data::diff;
       }), "events.bad_rule"},
  };
  for (const auto& c : cases) {
    const std::vector<TableSchema> tables = {orders};
    const auto mapper = EventMapper::compile(spec_of({plain_rule("orders", "X"), c.rule}), tables);
    ASSERT_FALSE(mapper) << c.code;
    EXPECT_EQ(mapper.error().code, c.code) << mapper.error().message;
    EXPECT_EQ(mapper.error().disposition, Disposition::halt);
    EXPECT_TRUE(mapper.error().message.starts_with("events.rules[1]")) << mapper.error().message;
  }
}

TEST(EventMapper, NamesItsFixedTopicsOnce) {
  EventRule own = plain_rule("orders", "A");
  own.topic = "own";
  EventRule filled = plain_rule("orders", "B");
  filled.topic = "to.{status}";
  EventMapper mapper = compiled(
      spec_of({plain_rule("orders", "C"), own, filled, plain_rule("orders", "D")}), {orders});
  EXPECT_EQ(mapper.fixed_topics(), (std::vector<std::string>{"shop.orders.events", "own"}));
}

TEST(EventMapper, SaysWhichColumnsItNeeds) {
  EventRule rule = status_rule({{any(), any(), "X"}});
  rule.data = EventRule::Data::key;
  rule.topic = "t.{total}";
  EXPECT_EQ(EventMapper::used_columns(spec_of({rule}), "orders"),
            (std::vector<std::string>{"status", "total", "id"}));
  const EventsSpec with_whole_rows = spec_of({rule, plain_rule("orders", "Y")});
  EXPECT_TRUE(EventMapper::used_columns(with_whole_rows, "orders").empty());
  EXPECT_TRUE(EventMapper::uses_table(spec_of({rule}), "orders"));
  EXPECT_FALSE(EventMapper::uses_table(spec_of({rule}), "products"));
}

}  // namespace
}  // namespace tailrace::transform
