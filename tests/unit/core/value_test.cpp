#include "core/value.hpp"

#include <gtest/gtest.h>

#include "core/json_writer.hpp"

namespace tailrace {
namespace {

TEST(Value, SurvivesItsStoredForm) {
  const Value values[] = {Value(),
                          Value::null(),
                          Value::boolean(true),
                          Value::int64(-5),
                          Value::uint64(~0ULL),
                          Value::float32(0.1f),
                          Value::float64(-2.5),
                          Value::text(ValueKind::decimal, "-10.50"),
                          Value::string("주문"),
                          Value::text(ValueKind::bytes, std::string_view("\0\xff", 2))};
  std::string bytes;
  for (const Value& value : values) append_value(bytes, value);
  ByteReader in(bytes);
  for (const Value& value : values) EXPECT_EQ(read_value(in), value);
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(Value, RefusesAnUnknownKind) {
  ByteReader in("\x7f");
  read_value(in);
  EXPECT_FALSE(in.ok());
}

TEST(Value, ComparesDecimalsByValue) {
  const auto decimal = [](std::string_view text) { return Value::text(ValueKind::decimal, text); };
  EXPECT_EQ(compare(decimal("1.50"), decimal("1.5")), std::strong_ordering::equal);
  EXPECT_EQ(compare(decimal("9.9"), decimal("10.0")), std::strong_ordering::less);
  EXPECT_EQ(compare(decimal("-9.9"), decimal("-10.0")), std::strong_ordering::greater);
  EXPECT_EQ(compare(decimal("-0.00"), Value::int64(0)), std::strong_ordering::equal);
  EXPECT_EQ(compare(Value::uint64(~0ULL), Value::int64(-1)), std::strong_ordering::greater);
}

TEST(Value, ComparesTimesByDuration) {
  const auto time = [](std::string_view text) { return Value::text(ValueKind::time, text); };
  EXPECT_EQ(compare(time("99:00:00"), time("100:00:00")), std::strong_ordering::less);
  EXPECT_EQ(compare(time("-99:00:00"), time("-100:00:00")), std::strong_ordering::greater);
  EXPECT_EQ(compare(time("-00:00:01"), time("00:00:00")), std::strong_ordering::less);
}

TEST(Value, PutsNullFirst) {
  EXPECT_EQ(compare(Value::null(), Value::int64(-1)), std::strong_ordering::less);
  EXPECT_EQ(compare(Value::null(), Value()), std::strong_ordering::equal);
}

TEST(JsonWriter, WritesEachKindAsTheValueRulesSay) {
  const auto json = [](const Value& value) {
    std::string out;
    append_json_value(out, value);
    return out;
  };
  EXPECT_EQ(json(Value::float64(3.0)), "3");
  EXPECT_EQ(json(Value::float32(0.1f)), "0.1");
  EXPECT_EQ(json(Value::uint64(~0ULL)), "18446744073709551615");
  EXPECT_EQ(json(Value::string("a\"\n\x01")), "\"a\\\"\\n\\u0001\"");
  EXPECT_EQ(json(Value::text(ValueKind::bytes, "ab")), "\"YWI=\"");
  EXPECT_EQ(json(Value::text(ValueKind::impossible_date, "0000-00-00")), "null");
  EXPECT_EQ(json(Value::text(ValueKind::decimal_number, "1.50")), "1.50");
}

TEST(JsonWriter, GivesEqualKeyBytesToEqualIntegers) {
  std::string a;
  std::string b;
  append_key_part(a, Value::int64(7));
  append_key_part(b, Value::uint64(7));
  EXPECT_EQ(a, b);
  std::string long_key;
  append_key_part(long_key, Value::string(std::string(500, 'x')));
  append_key_part(long_key, Value::int64(1));
  const auto parts = split_key(long_key);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].size(), 502u);
  EXPECT_EQ(parts[1], "1");
}

TEST(JsonWriter, WritesUtcTimeWithMicroseconds) {
  std::string out;
  append_utc_time(out, 1'763'604'000'000'123);
  EXPECT_EQ(out, "2025-11-20T02:00:00.000123Z");
}

}  // namespace
}  // namespace tailrace
