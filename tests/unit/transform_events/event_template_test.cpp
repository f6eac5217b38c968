#include "transform/event_template.hpp"

#include <gtest/gtest.h>

#include "core/json_writer.hpp"
#include "tests/unit/transform_events/event_fixture.hpp"

namespace tailrace::transform {
namespace {

TEST(Template, FillsInEachKindOfValue) {
  const struct {
    Value value;
    const char* text;
  } cases[] = {
      {Value::int64(-7), "-7"},
      {Value::uint64(~0ULL), "18446744073709551615"},
      {Value::boolean(true), "true"},
      {Value::float64(3.0), "3"},
      {Value::text(ValueKind::decimal, "10.50"), "10.50"},
      {Value::text(ValueKind::date, "2026-11-20"), "2026-11-20"},
      {Value::string("a\"b\n"), "a\"b\n"},
      {Value::text(ValueKind::bytes, "ab"), "YWI="},
      {Value::null(), ""},
      {Value(), ""},
      {Value::text(ValueKind::impossible_date, "0000-00-00"), ""},
  };
  const std::vector<std::string> columns = {"v"};
  for (const auto& c : cases) {
    std::string out;
    const Value values[] = {c.value};
    EXPECT_EQ(Template::compile("<{v}>", columns)->render(values, out), *c.text != '\0');
    EXPECT_EQ(out, "<" + std::string(c.text) + ">");
  }
}

TEST(Template, ResolvesColumnsOfATable) {
  const auto text = Template::compile("{total}/{id}/{total}", orders_table());
  ASSERT_TRUE(text);
  EXPECT_FALSE(text->is_fixed());
  EXPECT_EQ(text->columns(), (std::vector<std::uint32_t>{0, 2}));
  std::string out;
  EXPECT_TRUE(text->render(order(7, "PAID"), out));
  EXPECT_EQ(out, "10.50/7/10.50");
  EXPECT_TRUE(Template::compile("shop.events", orders_table())->is_fixed());
}

TEST(Template, RefusesWhatItCannotFillIn) {
  for (const char* text : {"{", "}", "{}", "a{b", "a}b", "{id}}", "{{id}}", "{id{"}) {
    const auto result = Template::compile(text, orders_table());
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, "template.syntax") << text;
    EXPECT_EQ(result.error().disposition, Disposition::halt);
  }
  const auto unknown = Template::compile("{totl}", orders_table());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "template.unknown_column");
  EXPECT_FALSE(Template::compile("{shard}", orders_table()));
}

TEST(Template, ListsItsPlaceholders) {
  EXPECT_EQ(Template::placeholders("a{b}-{c}{"), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(Template::placeholders("abc").empty());
}

TableSchema bookings() { return make_table("bookings", {"note", "hotel", "number"}, {1, 2}); }

std::string id_of(const char* text, const Row& key, const TableSchema& table = bookings()) {
  const auto compiled_id = Template::compile_id(text, table);
  EXPECT_TRUE(compiled_id) << text << ": " << compiled_id.error().message;
  std::string from_values;
  EXPECT_TRUE(compiled_id->render_id(key, "s-0", from_values));
  std::string bytes;
  for (const Value& value : key) append_key_part(bytes, value);
  std::string from_bytes;
  compiled_id->render_id(std::string_view(bytes), "s-0", from_bytes);
  EXPECT_EQ(from_values, from_bytes);
  return from_values;
}

TEST(DocumentIdTemplate, EncodesSeparatorsInsideValuesOfACompositeId) {
  const auto key = [](const char* hotel, std::int64_t number) {
    return Row{Value::string(hotel), Value::int64(number)};
  };
  EXPECT_EQ(id_of("{hotel}-{number}", key("ICN", 7)), "ICN-7");
  EXPECT_EQ(id_of("{hotel}-{number}", key("a-b%", -7)), "a%2Db%25-%2D7");
  EXPECT_EQ(id_of("o:{number}-{hotel}!", key("a:!", 7)), "o:7-a:!!");
  EXPECT_EQ(id_of("{hotel}·{number}", key("서울·", 7)), "%EC%84%9C%EC%9A%B8%C2%B7·7");
  EXPECT_EQ(id_of("{hotel}-{number}", key("\"\\\n\x01", 7)), "\"\\\n\x01-7");
}

TEST(DocumentIdTemplate, LeavesASingleColumnAsItIs) {
  const TableSchema table = make_table("users", {"name"});
  EXPECT_EQ(id_of("u-{name}", {Value::string("a-b%")}, table), "u-a-b%");
  EXPECT_EQ(id_of("{name}", {Value::text(ValueKind::decimal, "1.50")}, table), "1.50");
}

TEST(DocumentIdTemplate, CountsTheShardAsAPart) {
  const TableSchema table = make_table("users", {"name"});
  EXPECT_EQ(id_of("{shard}-{name}", {Value::string("a-b")}, table), "s-0-a%2Db");
}

TEST(DocumentIdTemplate, RefusesIdsThatTwoRowsCouldShare) {
  const struct {
    const char* text;
    const char* code;
  } cases[] = {
      {"{hotel}", "template.ambiguous_id"},
      {"{hotel}{number}", "template.ambiguous_id"},
      {"fixed", "template.ambiguous_id"},
      {"{hotel}-{number}-{note}", "template.unknown_column"},
      {"{hotel}-{number", "template.syntax"},
  };
  for (const auto& c : cases) {
    const auto result = Template::compile_id(c.text, bookings());
    ASSERT_FALSE(result) << c.text;
    EXPECT_EQ(result.error().code, c.code) << c.text;
  }
  EXPECT_FALSE(Template::compile_id("{a}", make_table("keyless", {"a"}, {})));
}

}  // namespace
}  // namespace tailrace::transform
