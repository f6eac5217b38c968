#include <gtest/gtest.h>

#include "tests/unit/transform_events/event_fixture.hpp"
#include "transform/event_rules.hpp"

namespace tailrace::transform {
namespace {

const TableSchema orders = orders_table();

// The machine of the pipeline file's example.
EventRule example() {
  EventRule rule = status_rule({{none(), is({"PLACED"}), "OrderPlaced"},
                                {is({"PLACED"}), is({"PAID"}), "OrderPaid"},
                                {is({"PAID", "PACKED"}), is({"SHIPPED"}), "OrderShipped"},
                                {any(), is({"CANCELLED"}), "OrderCancelled"}});
  rule.on_unexpected = OnUnexpected::emit;
  rule.unexpected_emit = "OrderStatusAnomaly";
  return rule;
}

std::string type_of(const EventRule& rule, const Row& before, const Row& after) {
  EventMapper mapper = compiled(spec_of({rule}), {orders});
  const Outcome outcome = run(mapper, {{&orders, before, after}});
  EXPECT_TRUE(outcome.errors.empty()) << outcome.errors[0].message;
  EXPECT_LE(outcome.events.size(), 1u);
  return outcome.events.empty() ? "" : outcome.events[0].type;
}

TEST(StateMachine, FollowsTheExample) {
  const struct {
    Row before;
    Row after;
    const char* type;
  } cases[] = {
      {{}, order(1, "PLACED"), "OrderPlaced"},
      {{}, order(1, "CANCELLED"), "OrderCancelled"},
      {{}, order(1, "PAID"), "OrderStatusAnomaly"},
      {{}, order(1, nullptr), "OrderStatusAnomaly"},
      {order(1, "PLACED"), order(1, "PAID"), "OrderPaid"},
      {order(1, "PLACED"), order(2, "PAID"), "OrderPaid"},
      {order(1, "PAID"), order(1, "SHIPPED"), "OrderShipped"},
      {order(1, "PACKED"), order(1, "SHIPPED"), "OrderShipped"},
      {order(1, nullptr), order(1, "CANCELLED"), "OrderCancelled"},
      {order(1, "PAID"), order(1, "PLACED"), "OrderStatusAnomaly"},
      {order(1, "PAID"), order(1, nullptr), "OrderStatusAnomaly"},
      {order(1, "PAID"), order(1, "paid"), "OrderStatusAnomaly"},
      {order(1, "PAID", "1.00"), order(1, "PAID", "2.00"), ""},
      {order(1, nullptr), order(1, nullptr, "1.00"), ""},
      {order(1, "CANCELLED"), {}, ""},
  };
  for (const auto& c : cases) EXPECT_EQ(type_of(example(), c.before, c.after), c.type);
}

TEST(StateMachine, LetsTheFirstMatchingTransitionWin) {
  const EventRule rule = status_rule({{any(), is({"PAID"}), "First"},
                                      {is({"PLACED"}), is({"PAID"}), "Second"},
                                      {any(), any(), "Last"}});
  EXPECT_EQ(type_of(rule, order(1, "PLACED"), order(1, "PAID")), "First");
  EXPECT_EQ(type_of(rule, order(1, "PAID"), order(1, nullptr)), "Last");
  EXPECT_EQ(type_of(rule, {}, order(1, nullptr)), "Last");
}

TEST(StateMachine, MatchesADeleteOnlyToNone) {
  EXPECT_EQ(type_of(status_rule({{any(), any(), "Any"}}), order(1, "PAID"), {}), "");
  EventRule rule = status_rule({{is({"PLACED"}), none(), "Dropped"}});
  rule.on_unexpected = OnUnexpected::emit;
  rule.unexpected_emit = "Odd";
  EXPECT_EQ(type_of(rule, order(1, "PLACED"), {}), "Dropped");
  EXPECT_EQ(type_of(rule, order(1, "PAID"), {}), "Odd");
  EXPECT_EQ(type_of(rule, order(1, nullptr), {}), "Odd");
}

TEST(StateMachine, DoesNotJudgeInsertsItNeverSpeaksOf) {
  EventRule rule = status_rule({{is({"PLACED"}), is({"PAID"}), "OrderPaid"}});
  rule.on_unexpected = OnUnexpected::pause;
  EXPECT_EQ(type_of(rule, {}, order(1, "PLACED")), "");
}

TEST(StateMachine, TellsTheWordsNoneAndAnyFromValues) {
  const EventRule rule = status_rule({{is({"none"}), is({"any"}), "Literal"}});
  EXPECT_EQ(type_of(rule, order(1, "none"), order(1, "any")), "Literal");
  EXPECT_EQ(type_of(rule, order(1, "x"), order(1, "any")), "");
}

TEST(StateMachine, ComparesByText) {
  const struct {
    Value value;
    const char* text;
    bool equal;
  } cases[] = {
      {Value::int64(-1), "-1", true},
      {Value::int64(1), "01", false},
      {Value::uint64(~0ULL), "18446744073709551615", true},
      {Value::boolean(true), "true", true},
      {Value::boolean(true), "1", false},
      {Value::float64(3.0), "3", true},
      {Value::text(ValueKind::decimal, "1.50"), "1.50", true},
      {Value::text(ValueKind::decimal, "1.50"), "1.5", false},
      {Value::string("결제"), "결제", true},
      {Value::string(""), "", true},
      {Value::text(ValueKind::bytes, "ab"), "YWI=", true},
      {Value::null(), "null", false},
      {Value::null(), "", false},
      {Value(), "", false},
      {Value::text(ValueKind::impossible_date, "0000-00-00"), "0000-00-00", false},
  };
  for (const auto& c : cases) EXPECT_EQ(equals_state(c.value, c.text), c.equal) << c.text;
}

TEST(StateMachine, TakesAMissingColumnOfAnUpdateForUnchanged) {
  const Row key_only = {Value::int64(1), Value(), Value()};
  EXPECT_EQ(type_of(example(), order(1, "PAID"), key_only), "");
  EXPECT_EQ(type_of(example(), key_only, order(1, "CANCELLED")), "OrderCancelled");
}

TEST(StateMachine, StopsWhenInsertsComeWithoutTheColumn) {
  EventMapper mapper = compiled(spec_of({example()}), {orders});
  const Row excluded = {Value::int64(1), Value(), Value()};
  const Outcome outcome = run(mapper, {{&orders, {}, excluded}});
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_EQ(outcome.errors[0].code, "events.column_missing");
  EXPECT_EQ(outcome.errors[0].disposition, Disposition::halt);
}

TEST(StateMachine, SetsUnexpectedChangesAsideOrStops) {
  const struct {
    OnUnexpected policy;
    Disposition disposition;
  } cases[] = {{OnUnexpected::dead_letter, Disposition::dead_letter},
               {OnUnexpected::pause, Disposition::halt}};
  for (const auto& c : cases) {
    EventRule rule = example();
    rule.on_unexpected = c.policy;
    EventMapper mapper = compiled(spec_of({rule}), {orders});
    const Outcome outcome = run(mapper, {{&orders, order(7, "PAID"), order(7, "PLACED")}});
    EXPECT_TRUE(outcome.events.empty());
    ASSERT_EQ(outcome.errors.size(), 1u);
    EXPECT_EQ(outcome.errors[0].code, "events.unexpected_transition");
    EXPECT_EQ(outcome.errors[0].disposition, c.disposition);
    EXPECT_TRUE(outcome.errors[0].message.starts_with(
        "shop.orders, key '7': status went from \"PAID\" to \"PLACED\""))
        << outcome.errors[0].message;
  }
}

TEST(StateMachine, IgnoresUnexpectedChangesByDefault) {
  EventRule rule = example();
  rule.on_unexpected = OnUnexpected::ignore;
  EXPECT_EQ(type_of(rule, order(1, "PAID"), order(1, "PLACED")), "");
}

TEST(StateMachine, SendsTheOtherEventsOfARowWhenOneIsSetAside) {
  EventRule strict = example();
  strict.on_unexpected = OnUnexpected::dead_letter;
  EventMapper mapper =
      compiled(spec_of({strict, plain_rule("orders", "Changed"), strict}), {orders});
  const Outcome outcome = run(mapper, {{&orders, order(7, "PAID"), order(7, "PLACED")},
                                       {&orders, order(8, "PLACED"), order(8, "PAID")}});
  EXPECT_EQ(outcome.types(),
            (std::vector<std::string>{"Changed", "OrderPaid", "Changed", "OrderPaid"}));
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_NE(outcome.errors[0].message.find("events.rules[0]"), std::string::npos);
  EXPECT_NE(outcome.errors[0].message.find("events.rules[2]"), std::string::npos);
}

}  // namespace
}  // namespace tailrace::transform
