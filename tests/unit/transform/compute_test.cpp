#include "transform/projection/compute.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "tests/unit/transform/shop_plan.hpp"
#include "transform/projection/renderer.hpp"
#include "transform/projection/root_state.hpp"

namespace tailrace::transform {
namespace {

std::string mistake(const std::string& text) {
  const auto parsed = parse_compute(text);
  if (parsed) return "fine";
  const ComputeMistake& found = parsed.error();
  return std::to_string(found.at) + "+" + std::to_string(found.length) + " " + found.message;
}

TEST(ComputeText, TakesTheFourFunctions) {
  const auto revenue = parse_compute(" sum( items.qty*(`items`.`unit price` - -0.5) + 2 ) ");
  ASSERT_TRUE(revenue);
  EXPECT_EQ(revenue->function, Aggregate::sum);
  EXPECT_EQ(revenue->child, "items");
  std::string postfix;
  for (const ComputeStep& step : revenue->steps)
    postfix +=
        step.text.empty() ? std::to_string(static_cast<int>(step.kind)) + ";" : step.text + ";";
  EXPECT_EQ(postfix, "qty;unit price;0.5;5;3;4;2;2;");
  EXPECT_TRUE(parse_compute("count(items)"));
  EXPECT_TRUE(parse_compute("min(items.a)"));
  EXPECT_TRUE(parse_compute("max(items.a)"));
}

TEST(ComputeText, SaysWhereItIsWrong) {
  EXPECT_EQ(mistake(""), "0+1 the expression ends where count, sum, min or max belongs");
  EXPECT_EQ(mistake("summ(items.qty)"), "0+4 there is no function 'summ'");
  EXPECT_EQ(mistake("sum items.qty"), "4+5 'items' stands where '(' belongs");
  EXPECT_EQ(mistake("sum(items.qty"), "13+1 the expression ends where ')' belongs");
  EXPECT_EQ(mistake("sum(items.qty *)"),
            "15+1 ')' stands where a column (child.column), a number or '(' belongs");
  EXPECT_EQ(mistake("sum(items.qty / 2)"), "14+1 '/' is not part of the language");
  EXPECT_EQ(mistake("sum(items)"), "4+5 'items' is no column");
  EXPECT_EQ(mistake("count(items.qty)"), "11+1 count counts rows, not a column");
  EXPECT_EQ(mistake("max(items.a + 1)"), "4+11 max takes one column");
  EXPECT_EQ(mistake("sum(1 + 2)"), "4+5 the expression names no column");
  EXPECT_EQ(mistake("sum(items.qty * payments.amount)"),
            "16+8 one expression takes one child's columns; 'payments' stands beside 'items'");
  EXPECT_EQ(mistake("sum(items.qty) + 1"), "15+3 a computed field is one function");
  EXPECT_EQ(mistake("sum(shipments.parcels.weight)"),
            "4+17 only rows that point at the root can be computed over");
  EXPECT_EQ(mistake("sum(items.qty * 1.)"), "16+2 '1.' is no number here");
  EXPECT_EQ(mistake("sum(items.qty * 1x)"), "16+1 '1' is no number here");
  EXPECT_EQ(mistake("sum(items.`qty)"), "10+1 a backquote is never closed");
  EXPECT_EQ(mistake("sum(" + std::string(60, '(') + "items.a"),
            "55+1 too many brackets inside each other");
  EXPECT_EQ(mistake("sum(" + std::string(600, '-') + "items.a)"), "55+1 too many signs");
  EXPECT_EQ(mistake("sum(" + std::string(1000, ' ')),
            "0+1004 the expression has more than 1000 bytes");
}

ColumnType typed(ColumnKind kind, std::uint8_t scale = 0) {
  ColumnType type;
  type.kind = kind;
  type.scale = scale;
  return type;
}

// Orders whose items have a column of every kind that matters.
class Computing : public testing::Test {
 protected:
  Computing() {
    tables = shop_tables();
    tables[1].columns = {
        {"id", typed(ColumnKind::integer)},         {"order_id", typed(ColumnKind::integer)},
        {"product_id", typed(ColumnKind::integer)}, {"qty", typed(ColumnKind::integer)},
        {"price", typed(ColumnKind::decimal, 2)},   {"weight", typed(ColumnKind::float64)},
        {"packed", typed(ColumnKind::datetime)},    {"note", typed(ColumnKind::varchar)},
        {"serial", typed(ColumnKind::bigint)}};
    tables[1].columns[8].type.is_unsigned = true;
    spec = order_spec();
    spec.lookups.clear();
    spec.children[0].lookups.clear();
    spec.children[0].fields = std::vector<FieldSpec>{{"id", "id"}};
  }

  void compile() {
    auto compiled = compile_plan(std::span(&spec, 1), tables);
    ASSERT_TRUE(compiled) << compiled.error().message;
    plan = compiled->documents[0];
    put(0, 1, {Value::int64(1), Value::int64(5), Value::string("NEW")});
  }
  std::string failure() {
    const auto compiled = compile_plan(std::span(&spec, 1), tables);
    return compiled ? "fine" : compiled.error().message;
  }
  void put(NodeId node, std::int64_t key, const Row& row) {
    std::string bytes;
    for (const std::uint32_t column : plan.nodes[node].table_columns)
      append_value(bytes, row[column]);
    const std::string row_key = key_of(key);
    const GroupRecord group{{0, {1, next, 0}, 1000, "u:1"}, {{node, false, 0, row_key, bytes}}};
    state.apply(plan, group, static_cast<std::int64_t>(next++), nullptr);
  }
  void item(std::int64_t id, Value qty, const char* price, double weight = 0.1,
            const char* packed = nullptr) {
    put(plan.children[0], id,
        {Value::int64(id), Value::int64(1), Value::int64(3), qty,
         price == nullptr ? Value::null() : Value::text(ValueKind::decimal, price),
         Value::float64(weight),
         packed == nullptr ? Value::null() : Value::text(ValueKind::datetime, packed),
         Value::string("tea"), Value::uint64(18446744073709551615u)});
  }
  std::string body() {
    auto write = Renderer(plan, {"s0"}, 0).render(key_of(1), state);
    return write->body.substr(0, write->body.find(",\"_tailrace\""));
  }
  std::string field(const std::string& name) {
    const std::string text = body();
    const std::size_t at = text.find("\"" + name + "\":");
    return at == std::string::npos ? "" : text.substr(at + name.size() + 3);
  }

  std::vector<TableSchema> tables;
  DocumentSpec spec;
  DocumentPlan plan;
  RootState state;
  std::uint64_t next = 1;
};

TEST_F(Computing, AddsUpExactlyOverRowsThatAreCut) {
  spec.children[0].limit = 1;
  spec.compute = {{"items_count", "count(items)"},
                  {"pieces", "sum(items.qty)"},
                  {"revenue", "sum(items.qty * items.price)"},
                  {"half", "sum(items.qty * 0.5)"}};
  compile();
  item(10, Value::int64(3), "0.10");
  item(11, Value::int64(2), "9999999999999999.99");
  item(12, Value::null(), "5.00");
  item(13, Value::int64(1), nullptr);
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","items":[{"id":10}],"items_count":4,"pieces":6,)"
                    R"("revenue":"20000000000000000.28","half":"3.0")");
}

TEST_F(Computing, WithoutRowsIsNullAndCountsNone) {
  spec.compute = {{"n", "count(items)"}, {"s", "sum(items.price)"}, {"m", "max(items.packed)"}};
  compile();
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","items":[],"n":0,"s":null,"m":null)");
  item(10, Value::int64(1), nullptr);
  EXPECT_EQ(field("n"), R"(1,"s":null,"m":null)");
}

TEST_F(Computing, FollowsEveryChangeOfARow) {
  spec.compute = {{"s", "sum(items.price)"}};
  compile();
  item(10, Value::int64(1), "1.00");
  item(11, Value::int64(1), "2.00");
  item(10, Value::int64(1), "7.00");
  EXPECT_EQ(field("s"), "\"9.00\"");
  const std::string key = key_of(11);
  const GroupRecord gone{{0, {1, next, 0}, 1000, "u:1"}, {{plan.children[0], true, 0, key, {}}}};
  state.apply(plan, gone, static_cast<std::int64_t>(next++), nullptr);
  EXPECT_EQ(field("s"), "\"7.00\"");
}

TEST_F(Computing, DoublesAreAddedAsDoubles) {
  spec.compute = {{"w", "sum(items.weight * 2)"}, {"least", "min(items.weight)"}};
  compile();
  for (int i = 0; i < 10; ++i) item(10 + i, Value::int64(1), "1.00");
  item(30, Value::int64(1), "1.00", 0.05);
  EXPECT_EQ(field("w"), R"(2.1,"least":0.05)");
  EXPECT_EQ(plan.computed[0].type.kind, ColumnKind::float64);
}

TEST_F(Computing, ShowsExtremesAsTheColumnIs) {
  spec.compute = {{"first", "min(items.packed)"}, {"dearest", "max(items.price)"}};
  compile();
  item(10, Value::int64(1), "9.50", 0, "2026-11-20T12:00:00");
  item(11, Value::int64(1), "10.00", 0, "2026-11-19T12:00:00");
  item(12, Value::int64(1), nullptr);
  EXPECT_EQ(field("first"), R"("2026-11-19T12:00:00","dearest":"10.00")");
  EXPECT_EQ(plan.computed[0].type, tables[1].columns[6].type);
}

TEST_F(Computing, SumsOfLargeIntegersKeepEveryDigit) {
  spec.compute = {{"s", "sum(items.serial)"}};
  compile();
  item(10, Value::int64(1), "1.00");
  item(11, Value::int64(1), "1.00");
  EXPECT_EQ(field("s"), "36893488147419103230");
  EXPECT_TRUE(plan.computed[0].type.is_unsigned);
}

TEST_F(Computing, WritesNumbersWhereDecimalsAreNumbers) {
  tables[1].columns[4].type.decimal_as_number = true;
  spec.compute = {{"s", "sum(items.price - 0.001)"}};
  compile();
  item(10, Value::int64(1), "1.00");
  EXPECT_EQ(field("s"), "0.999");
}

TEST_F(Computing, ColumnsOfItTravelHidden) {
  spec.children[0].hidden = true;
  spec.children[0].fields.reset();
  spec.compute = {{"s", "sum(items.price)"}};
  compile();
  EXPECT_EQ(plan.nodes[plan.children[0]].columns,
            (std::vector<std::string>{"id", "order_id", "price"}));
  item(10, Value::int64(1), "1.25");
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","s":"1.25")");
}

TEST_F(Computing, TakesAnOrderOfFiftyThousandItems) {
  constexpr std::int64_t many = 50'000;
  spec.children[0].sort = {{"qty", true}};
  spec.children[0].cap = CapSpec{3, "cut"};
  spec.compute = {{"n", "count(items)"}, {"s", "sum(items.qty * items.price)"}};
  compile();
  for (std::int64_t id = 1; id <= many; ++id) item(id, Value::int64(id % 1000), "0.01");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(body(), R"({"id":1,"state":"NEW","cut":true,"items":[{"id":999},{"id":1999},)"
                    R"({"id":2999}],"n":50000,"s":"249750.00")");
  std::printf(
      "rendered in %.1f ms\n",
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
}

TEST_F(Computing, RefusesWhatDoesNotFit) {
  const std::string place = "documents.order.compute.x: ";
  spec.compute = {{"x", "sum(items.pirce)"}};
  EXPECT_EQ(failure(), place + "table shop.items has no column 'pirce'; did you mean 'price'?");
  spec.compute = {{"x", "sum(items.note)"}};
  EXPECT_EQ(failure(), place + "sum adds up numbers, and 'note' of shop.items holds none");
  tables[1].columns[7].type.kind = ColumnKind::json;
  spec.compute = {{"x", "max(items.note)"}};
  EXPECT_EQ(failure(),
            place + "max compares values, and those of 'note' of shop.items have no order");
  spec.compute = {{"x", "count(item)"}};
  EXPECT_EQ(failure(), place + "there is no child 'item'");
  spec.compute = {{"state", "count(items)"}};
  EXPECT_EQ(failure(),
            "documents.order.compute.state: 'state' is the name of another field already");
}

TEST_F(Computing, BelongsToTheHash) {
  const auto hash = [&] {
    return compile_plan(std::span(&spec, 1), tables)->documents[0].spec_hash;
  };
  spec.compute = {{"x", "sum(items.qty*items.price)"}};
  const std::uint64_t before = hash();
  spec.compute = {{"x", "sum( items.qty  * items.price )"}};
  EXPECT_EQ(hash(), before);
  spec.compute = {{"x", "sum(items.qty + items.price)"}};
  EXPECT_NE(hash(), before);
  spec.compute = {{"y", "sum(items.qty * items.price)"}};
  EXPECT_NE(hash(), before);
}

}  // namespace
}  // namespace tailrace::transform
