#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "binlog_changes.hpp"
#include "capture/binlog/compressed_column.hpp"
#include "capture/binlog/inet6_text.hpp"
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

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Mariadb, CompressedColumnsAreExpanded) {
  std::vector<std::vector<std::string>> rows;
  BinlogChanges reader([&](const DecodedRow& row) {
    std::vector<std::string>& texts = rows.emplace_back();
    for (const Value& value : row.after) {
      texts.emplace_back(value.is_missing() ? "NULL" : value.as_text());
    }
  });
  const auto result = reader.read(std::filesystem::path(TAILRACE_SOURCE_DIR) / "tests" / "golden" /
                                  "mariadb" / "compressed_columns.binlog");
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0][1], repeated("ß", 300));
  EXPECT_EQ(rows[0][2], repeated(std::string_view("\0\xff", 2), 100));
  EXPECT_EQ(rows[0][3], repeated("가", 30000));
  EXPECT_EQ(rows[1][1], "");
  EXPECT_EQ(rows[1][3], "NULL");
  EXPECT_EQ(rows[2][2], std::string_view("\0", 1));
  EXPECT_EQ(rows[3][1], repeated("ab", 200));
  EXPECT_EQ(rows[3][3], repeated("framed ", 50));
}

TEST(Mariadb, AddressesAreWrittenAsTheServerDoes) {
  for (const char* text :
       {"::", "::1", "1::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1::4:0:0:8:9",
        "1:0:0:4::8", "fe80::1:0:0:1", "64:ff9b::102:304",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1.2.3.4", "::ffff:255.255.255.255",
        "::fffe:102:304", "0:1::2:0:0:3"}) {
    char bytes[16];
    ASSERT_EQ(inet_pton(AF_INET6, text, bytes), 1) << text;
    EXPECT_EQ(inet6_text({bytes, sizeof bytes}), text);
  }
}

TEST(Mariadb, DamagedCompressedColumnsAreNoValues) {
  Arena arena;
  std::string_view value;
  EXPECT_TRUE(expand_column(std::string_view("\0abc", 4), arena, value));
  EXPECT_EQ(value, "abc");
  for (const std::string_view field : {"\x80", "\x81", "\x85\1\1\1\1\1x", "\x81\x05garbage",
                                       "\x91\1x", "\x84\x7f\xff\xff\xffx", "\x41\1x"}) {
    EXPECT_FALSE(expand_column(field, arena, value)) << field.size();
  }
}

}  // namespace
}  // namespace tailrace::capture
