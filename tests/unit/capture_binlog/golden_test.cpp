// The binlog files of tests/golden hold what SELECT showed on the server that wrote them.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "binlog_changes.hpp"
#include "capture/binlog/text_value.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {
namespace {

namespace fs = std::filesystem;
const fs::path golden = fs::path(TAILRACE_SOURCE_DIR) / "tests" / "golden";

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string field_bytes(const rapidjson::Value& field) {
  if (field.IsObject()) return from_hex(field["hex"].GetString());
  return {field.GetString(), field.GetStringLength()};
}

std::string shown(const Value& value) {
  std::string text = std::to_string(static_cast<int>(value.kind())) + " ";
  append_json_value(text, value);
  if (value.has_text()) text += " (" + std::string(value.as_text().substr(0, 300)) + ")";
  return text;
}

class Comparison {
 public:
  explicit Comparison(const rapidjson::Document& expected) : expected_(expected) {}

  void row(const DecodedRow& row) {
    ASSERT_LT(next_, expected_.Size()) << "more changes than SELECT showed";
    const rapidjson::Value& change = expected_[next_];
    SCOPED_TRACE("change " + std::to_string(next_) + " of " + row.table.id.text());
    ++next_;
    constexpr const char* names[] = {"insert", "update", "remove"};
    EXPECT_STREQ(change["op"].GetString(), names[static_cast<std::size_t>(row.op)]);
    EXPECT_EQ(change["table"].GetString(), row.table.id.text());
    if (!row.before.empty()) image(row.table, row.before, change["before"]);
    if (!row.after.empty()) image(row.table, row.after, change["after"]);
  }

  void finish() {
    EXPECT_EQ(next_, expected_.Size()) << "fewer changes than SELECT showed";
    EXPECT_GT(cells_, 0u);
    std::printf("%zu cells compared, %zu absent from partial images\n", cells_, absent_);
  }

 private:
  void image(const TableSchema& table, std::span<const Value> values,
             const rapidjson::Value& fields) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].is_absent()) {
        ++absent_;
        continue;
      }
      ++cells_;
      const Column& column = table.columns[i];
      ASSERT_TRUE(fields.HasMember(column.name.c_str())) << column.name;
      const rapidjson::Value& field = fields[column.name.c_str()];
      if (field.IsNull()) {
        EXPECT_EQ(values[i].kind(), ValueKind::null) << column.name << ": " << shown(values[i]);
        continue;
      }
      Arena arena;
      const std::string bytes = field_bytes(field);
      const auto selected = value_from_text(column.type, bytes, arena);
      ASSERT_TRUE(selected) << column.name << ": " << selected.error().message;
      EXPECT_EQ(values[i], *selected) << column.name << ": binlog " << shown(values[i])
                                      << "\n  SELECT " << shown(*selected);
    }
  }

  const rapidjson::Document& expected_;
  rapidjson::SizeType next_ = 0;
  std::size_t cells_ = 0;
  std::size_t absent_ = 0;
};

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, HoldsWhatSelectShowed) {
  rapidjson::Document expected;
  const std::string text = read_file(golden / (GetParam() + ".changes.json"));
  expected.Parse(text.data(), text.size());
  ASSERT_FALSE(expected.HasParseError());
  Comparison comparison(expected);
  BinlogChanges reader([&](const DecodedRow& row) { comparison.row(row); });
  const auto result = reader.read(golden / (GetParam() + ".binlog"));
  ASSERT_TRUE(result) << result.error().message;
  comparison.finish();
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(golden)) {
    if (entry.path().extension() == ".binlog") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace tailrace::capture
