// What a TABLE_MAP without names and a schema say together.
#include <gtest/gtest.h>

#include "capture/binlog/table_layout.hpp"

namespace tailrace::capture {
namespace {

// One column of a table without metadata, and what information_schema says of it.
struct Told {
  TableMap map;
  TableSchema schema;
};

Told table_with(WireType wire, std::uint16_t meta, ColumnType type) {
  Told told;
  told.map.id = told.schema.id = {"shop", "t"};
  TableMapColumn column;
  column.type = wire;
  column.meta = meta;
  told.map.columns.push_back(column);
  told.schema.columns.push_back({"e", std::move(type)});
  return told;
}

std::string code_of(const Told& told, const std::vector<bool>& wanted = {}) {
  const auto layout =
      TableLayout::compile(told.map, std::make_shared<const TableSchema>(told.schema), wanted);
  return layout ? "" : layout.error().code;
}

ColumnType members(std::vector<std::string> names, std::string charset) {
  ColumnType type;
  type.kind = ColumnKind::enumeration;
  type.charset = std::move(charset);
  type.members = std::move(names);
  return type;
}

// information_schema shows 🍕 as ?: giving that would differ from what a first load gives.
TEST(TableLayout, MembersThatTheCatalogueCannotShowAreNotGuessed) {
  const auto with = [](std::vector<std::string> names, const char* charset) {
    return table_with(WireType::enumeration, 1, members(std::move(names), charset));
  };
  EXPECT_EQ(code_of(with({"a", "?"}, "utf8mb4")), "binlog.members_unknown");
  EXPECT_EQ(code_of(with({"x?"}, "utf16le")), "binlog.members_unknown");
  EXPECT_EQ(code_of(with({"a", "b"}, "utf8mb4")), "");
  EXPECT_EQ(code_of(with({"a", "?"}, "latin1")), "") << "has no such characters";
  EXPECT_EQ(code_of(with({"a", "?"}, "utf8mb4"), {false}), "") << "nobody reads it";
  Told named = with({"a", "?"}, "utf8mb4");
  named.map.has_names = true;
  named.map.columns[0].name = "e";
  named.map.columns[0].members = {"a", "🍕"};
  EXPECT_EQ(code_of(named), "");
}

TEST(TableLayout, DigitsOfMariadbsOldTemporalTypesComeFromTheSchema) {
  ColumnType type;
  type.kind = ColumnKind::time;
  const auto width = [&](std::uint8_t digits) {
    type.fraction_digits = digits;
    const Told told = table_with(WireType::time, 0, type);
    return TableLayout::compile(told.map, std::make_shared<const TableSchema>(told.schema))
        .value()->columns()[0].width;
  };
  EXPECT_EQ(width(0), 3);
  EXPECT_EQ(width(3), 5);
  EXPECT_EQ(width(6), 6);
}

}  // namespace
}  // namespace tailrace::capture
