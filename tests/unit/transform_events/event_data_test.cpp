#include "transform/event_data.hpp"

#include <gtest/gtest.h>

#include "tests/unit/transform_events/event_fixture.hpp"

namespace tailrace::transform {
namespace {

std::string diff(const Row& before, const Row& after) {
  const TableSchema table = orders_table();
  std::string out;
  EventData(table).append_diff(out, Change{&table, before, after}.view(0), {true, false, false});
  return out;
}

TEST(EventData, WritesValuesAsTheValueRulesSay) {
  const TableSchema table = make_table("t", {"a", "b\"", "c", "d", "e"});
  std::string out;
  EventData(table).append_image(
      out, Row{Value::text(ValueKind::decimal, "1.50"), Value::null(), Value(),
               Value::text(ValueKind::json, "[1,2]"), Value::uint64(~0ULL)});
  EXPECT_EQ(out, R"({"a":"1.50","b\"":null,"d":[1,2],"e":18446744073709551615})");
}

TEST(EventData, WritesAnEmptyImage) {
  std::string out;
  EventData(orders_table()).append_image(out, {});
  EXPECT_EQ(out, "{}");
}

TEST(EventData, ShowsOnlyWhatChanged) {
  EXPECT_EQ(diff(order(7, "PLACED"), order(7, "PAID")),
            R"({"id":7,"status":{"before":"PLACED","after":"PAID"}})");
  EXPECT_EQ(diff(order(7, nullptr), order(7, "PAID")),
            R"({"id":7,"status":{"before":null,"after":"PAID"}})");
}

TEST(EventData, LeavesOutTheSideThatIsNotThere) {
  EXPECT_EQ(diff({}, order(7, "PLACED")),
            R"({"id":7,"status":{"after":"PLACED"},"total":{"after":"10.50"}})");
  EXPECT_EQ(diff(order(7, nullptr), {}),
            R"({"id":7,"status":{"before":null},"total":{"before":"10.50"}})");
}

TEST(EventData, ShowsBothKeysWhenTheKeyChanged) {
  EXPECT_EQ(diff(order(7, "PAID"), order(8, "PAID")), R"({"id":{"before":7,"after":8}})");
}

TEST(EventData, TakesColumnsOfAPartialImageForUnchanged) {
  EXPECT_EQ(diff(Row{Value::int64(7), Value(), Value()},
                 Row{Value(), Value::string("PAID"), Value()}),
            R"({"id":7,"status":{"after":"PAID"}})");
}

TEST(EventData, FindsTheLastImageKnown) {
  const TableSchema table = orders_table();
  const Row before = order(7, "PLACED");
  std::vector<Value> values;
  last_known_values(Change{&table, before, {Value(), Value::null(), Value()}}.view(0), values);
  EXPECT_EQ(values, (Row{before[0], Value::null(), before[2]}));
  last_known_values(Change{&table, before, {}}.view(0), values);
  EXPECT_EQ(values, before);
}

TEST(EventData, WritesRowsWithTheirOperation) {
  const TableSchema table = items_table();
  const EventData data(table);
  std::string out;
  data.append_row(out, Change{&table, {}, item(1, 2, 3)}.view(0));
  data.append_row(out, Change{&table, item(1, 2, 3), item(1, 2, 4)}.view(1));
  data.append_row(out, Change{&table, item(1, 2, 4), {}}.view(2));
  EXPECT_EQ(out,
            R"({"op":"insert","after":{"order_id":1,"line_no":2,"qty":3}})"
            R"({"op":"update","before":{"order_id":1,"line_no":2,"qty":3},)"
            R"("after":{"order_id":1,"line_no":2,"qty":4}})"
            R"({"op":"delete","before":{"order_id":1,"line_no":2,"qty":4}})");
}

}  // namespace
}  // namespace tailrace::transform
