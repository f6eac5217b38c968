#include "sinks/elasticsearch/mapping.hpp"

#include <gtest/gtest.h>

namespace tailrace::sinks {
namespace {

FieldShape column(std::string name, ColumnKind kind, bool is_unsigned = false,
                  std::uint32_t length = 0) {
  FieldShape field;
  field.name = std::move(name);
  field.column.kind = kind;
  field.column.is_unsigned = is_unsigned;
  field.column.length = length;
  return field;
}

DocumentShape order() {
  FieldShape items;
  items.name = "items";
  items.kind = FieldShape::Kind::list;
  items.fields = {column("qty", ColumnKind::integer), column("note", ColumnKind::varchar)};
  return {"order", {column("id", ColumnKind::bigint), items, column("extra", ColumnKind::json)}};
}

std::string properties(const DocumentShape& shape, const std::string& overrides = "{}") {
  ElasticsearchOptions options;
  options.overrides_json = overrides;
  const auto mapping = make_mapping(shape, options);
  if (!mapping) return mapping.error().code + ": " + mapping.error().message;
  const std::string start = R"({"dynamic":"strict","properties":{)";
  EXPECT_EQ(mapping->json.substr(0, start.size()), start);
  const std::size_t end = mapping->json.find(R"(,"_tailrace":)");
  return mapping->json.substr(start.size(), end - start.size());
}

std::string one(FieldShape field) { return properties({"order", {std::move(field)}}); }

TEST(Mapping, FollowsTheColumnType) {
  const std::string keyword = R"({"type":"keyword","ignore_above":8191})";
  EXPECT_EQ(one(column("a", ColumnKind::bigint)), R"("a":{"type":"long"})");
  EXPECT_EQ(one(column("a", ColumnKind::bigint, true)), "\"a\":" + keyword);
  EXPECT_EQ(one(column("a", ColumnKind::integer, true)), R"("a":{"type":"long"})");
  EXPECT_EQ(one(column("a", ColumnKind::decimal)), R"("a":{"type":"double"})");
  EXPECT_EQ(one(column("a", ColumnKind::varchar)),
            R"("a":{"type":"keyword","ignore_above":8191,"fields":{"text":{"type":"text"}}})");
  EXPECT_EQ(one(column("a", ColumnKind::enumeration)), "\"a\":" + keyword);
  EXPECT_EQ(one(column("a", ColumnKind::text)), R"("a":{"type":"text"})");
  EXPECT_EQ(one(column("a", ColumnKind::datetime)),
            R"("a":{"type":"date","format":"strict_date_optional_time"})");
  EXPECT_EQ(one(column("a", ColumnKind::time)), "\"a\":" + keyword);
  EXPECT_EQ(one(column("a", ColumnKind::bit, false, 1)), R"("a":{"type":"boolean"})");
  EXPECT_EQ(one(column("a", ColumnKind::bit, false, 8)), R"("a":{"type":"long"})");
  EXPECT_EQ(one(column("a", ColumnKind::bit, false, 64)), "\"a\":" + keyword);
  EXPECT_EQ(one(column("a", ColumnKind::blob)), R"("a":{"type":"binary"})");
  EXPECT_EQ(one(column("a", ColumnKind::json)), R"("a":{"type":"object","enabled":false})");
  FieldShape flag = column("a", ColumnKind::tinyint);
  flag.column.as_boolean = true;
  EXPECT_EQ(one(flag), R"("a":{"type":"boolean"})");
}

TEST(Mapping, NestsAsTheDocumentDoesAndCountsItsFields) {
  EXPECT_EQ(properties(order()),
            R"("id":{"type":"long"},"items":{"properties":{"qty":{"type":"long"},"note":)"
            R"({"type":"keyword","ignore_above":8191,"fields":{"text":{"type":"text"}}}}},)"
            R"("extra":{"type":"object","enabled":false})");
  // id, items, qty, note, note.text, extra, and _tailrace with its four.
  EXPECT_EQ(make_mapping(order(), {})->field_count, 11u);
}

TEST(Mapping, MergesOverridesByFieldPath) {
  const std::string nested = properties(order(), R"({"items":{"type":"nested"}})");
  EXPECT_NE(nested.find(R"("items":{"properties":{"qty")"), std::string::npos) << nested;
  EXPECT_NE(nested.find(R"("type":"nested"})"), std::string::npos) << nested;
  EXPECT_NE(properties(order(), R"({"items.qty":{"type":"integer"}})")
                .find(R"("qty":{"type":"integer"})"),
            std::string::npos);
  EXPECT_NE(
      properties(order(), R"({"items.note":{"type":"text"}})").find(R"("note":{"type":"text"})"),
      std::string::npos);
  EXPECT_NE(properties(order(), R"({"items.note":{"ignore_above":20}})")
                .find(R"("text":{"type":"text"}},"ignore_above":20)"),
            std::string::npos);
  EXPECT_NE(
      properties(order(), R"({"items":{"type":"nested","properties":{"qty":{"type":"short"}}}})")
          .find(R"("qty":{"type":"short"},"note":{)"),
      std::string::npos);
  EXPECT_NE(properties(order(), R"({"extra":{"type":"object","enabled":true}})")
                .find(R"("extra":{"type":"object","enabled":true})"),
            std::string::npos);
  EXPECT_NE(properties(order(), R"({"items.note.text":{"analyzer":"whitespace"}})")
                .find(R"("text":{"type":"text","analyzer":"whitespace"})"),
            std::string::npos);
}

TEST(Mapping, RefusesOverridesThatMeanNothing) {
  EXPECT_NE(properties(order(), R"({"items.price":{"type":"double"}})").find("qty, note"),
            std::string::npos);
  for (const char* bad : {"[]", "{", R"({"items":"nested"})", R"({"nope":{}})", R"({"id.x":{}})",
                          R"({"items.":{}})"}) {
    EXPECT_EQ(properties(order(), bad).substr(0, 15), "es.bad_override") << bad;
  }
}

}  // namespace
}  // namespace tailrace::sinks
