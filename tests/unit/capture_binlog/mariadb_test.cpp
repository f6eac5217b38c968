#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "binlog_changes.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {
namespace {

// The kinds that information_schema would tell; TABLE_MAP says BINARY and LONGTEXT.
Result<std::shared_ptr<const TableLayout>> with_hidden_types(const TableMap& map) {
  TableSchema schema = make_schema(map);
  const std::pair<const char*, ColumnKind> hidden[] = {{"u", ColumnKind::uuid},
                                                       {"i6", ColumnKind::inet6},
                                                       {"i4", ColumnKind::inet4},
                                                       {"j", ColumnKind::json}};
  for (const auto& [name, kind] : hidden) {
    if (const auto index = schema.find(name)) schema.columns[*index].type.kind = kind;
  }
  return TableLayout::compile(map, std::make_shared<const TableSchema>(std::move(schema)));
}

std::string json(std::span<const Value> values) {
  std::string text;
  for (const Value& value : values) {
    if (!text.empty()) text += ' ';
    append_json_value(text, value);
  }
  return text;
}

TEST(Mariadb, RowsOfVersion1AndHiddenTypesAreDecoded) {
  std::vector<std::string> rows;
  const auto keep = [&](const DecodedRow& row) {
    rows.push_back(json(row.before) + "|" + json(row.after));
  };
  BinlogChanges reader(keep, with_hidden_types);
  const auto result = reader.read(std::filesystem::path(TAILRACE_SOURCE_DIR) / "tests" / "golden" /
                                  "mariadb" / "types.binlog");
  ASSERT_TRUE(result) << result.error().message;
  const std::string first =
      R"(1 "00112233-4455-6677-8899-aabbccddee00" "1::" "0.0.0.0" {"a":[1,2.0]} "short" "eA==" )"
      R"({"type":"Point","coordinates":[1,2]} "AQIAAAAA" "-12:34:56.789" )"
      R"("2026-11-20T12:34:56.789123" "2026-11-20T12:34:56.78Z" "ü" ["x","y"] )"
      R"("0.12345678901234567890123456789012345678" 2026 )"
      R"(18446744073709551615 "ß")";
  const std::string nulls =
      " null null null null null null null null null null null null null null null null null";
  const std::string tail = " null null null null null null null null null null null null";
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0], "|" + first);
  EXPECT_EQ(rows[1], "|2" + nulls);
  const std::string changed =
      R"(2 "ffffffff-ffff-ffff-ffff-ffffffffffff" "::ffff:1.2.3.4" "10.0.0.1" null "")";
  EXPECT_EQ(rows[2], "2" + nulls + "|" + changed + tail);
  EXPECT_EQ(rows[3], first + "|");
  EXPECT_GE(reader.mariadb_gtids, 4u);
}

TEST(Mariadb, CompressedEventsAreExpanded) {
  std::vector<std::string> rows;
  BinlogChanges reader([&](const DecodedRow& row) { rows.push_back(json(row.after)); });
  const auto result = reader.read(std::filesystem::path(TAILRACE_SOURCE_DIR) / "tests" / "golden" /
                                  "mariadb" / "compressed.binlog");
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(rows.size(), 11u);
  std::string text;
  for (int i = 0; i < 15; ++i) text += "long enough ";
  EXPECT_EQ(rows[0], "1 \"" + text + R"(" 18446744073709551615 "1.50")");
  EXPECT_EQ(rows[1], R"(2 "ü" 2 null)");
  EXPECT_EQ(rows[7], R"(4 "four four four four" 4 "4.00")");
  EXPECT_NE(std::find(reader.queries.begin(), reader.queries.end(),
                      "ALTER TABLE squeezed ADD COLUMN w VARCHAR(300) DEFAULT "
                      "'default default default default'"),
            reader.queries.end());
}

}  // namespace
}  // namespace tailrace::capture
