// A typed SQL value as a 16-byte view: numbers inside, text by reference.
// Texts belong to the batch, arena or record they were read from; a Value never outlives it.
// The kinds are what documents distinguish, not what MySQL does: docs/reference/types.md maps them.
// Threading: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace tailrace {

// The numbers are part of our stored format (docs/formats/records.md): append only.
enum class ValueKind : std::uint8_t {
  absent = 0,  // not in the row image; not the same as NULL
  null = 1,
  boolean = 2,
  int64 = 3,
  uint64 = 4,
  float32 = 5,
  float64 = 6,
  decimal = 7,           // text with every digit and the column's scale: "10.50"; JSON string
  decimal_number = 8,    // the same text, written as a JSON number
  date = 9,              // "2026-11-20"
  datetime = 10,         // "2026-11-20T12:00:00.123", with a zone's offset where one is configured
  timestamp = 11,        // "2026-11-20T03:00:00.123Z"
  time = 12,             // "-838:59:59.000001"
  impossible_date = 13,  // zero or impossible date: its text; null in documents and events
  string = 14,           // valid UTF-8
  bytes = 15,            // raw bytes; base64 in JSON
  json = 16,             // valid JSON text, embedded as it stands (also SET, GEOMETRY, VECTOR)
};

class Value {
 public:
  constexpr Value() = default;  // absent

  static constexpr Value null() { return Value(ValueKind::null); }
  static constexpr Value boolean(bool v) { return number(ValueKind::boolean, v ? 1u : 0u); }
  static constexpr Value int64(std::int64_t v) {
    return number(ValueKind::int64, static_cast<std::uint64_t>(v));
  }
  static constexpr Value uint64(std::uint64_t v) { return number(ValueKind::uint64, v); }
  static Value float32(float v);
  static Value float64(double v);
  // kind: one of decimal … json; the text must stay alive and hold what the kind promises.
  static constexpr Value text(ValueKind kind, std::string_view v) {
    Value value(kind);
    value.size_ = static_cast<std::uint32_t>(v.size());
    value.text_ = v.data();
    return value;
  }
  static constexpr Value string(std::string_view v) { return text(ValueKind::string, v); }

  constexpr ValueKind kind() const { return kind_; }
  constexpr bool is_absent() const { return kind_ == ValueKind::absent; }
  // NULL or absent: nothing a key or a reference could match.
  constexpr bool is_missing() const { return kind_ <= ValueKind::null; }
  constexpr bool has_text() const { return kind_ >= ValueKind::decimal; }

  constexpr bool as_boolean() const { return bits_ != 0; }
  constexpr std::int64_t as_int64() const { return static_cast<std::int64_t>(bits_); }
  constexpr std::uint64_t as_uint64() const { return bits_; }
  float as_float32() const;
  double as_float64() const;
  constexpr std::string_view as_text() const {
    return has_text() ? std::string_view(text_, size_) : std::string_view{};
  }

  // Byte-wise equality: same kind, same number bits or text.
  friend bool operator==(const Value& a, const Value& b);

 private:
  constexpr explicit Value(ValueKind kind) : kind_(kind) {}
  static constexpr Value number(ValueKind kind, std::uint64_t bits) {
    Value value(kind);
    value.bits_ = bits;
    return value;
  }

  ValueKind kind_ = ValueKind::absent;
  std::uint32_t size_ = 0;
  union {
    std::uint64_t bits_ = 0;
    const char* text_;
  };
};
static_assert(sizeof(Value) == 16);

// The order of `sort`: NULL and absent first, numbers and decimals by value (across kinds),
// times by duration, other texts by their bytes; between unlike kinds by kind.
std::strong_ordering compare(const Value& a, const Value& b);
// Of a number of any kind, the nearest double.
double as_double(const Value& value);

// Stored form: kind byte, then nothing, one byte, a varint, 4 or 8 bytes, or a sized text.
void append_value(std::string& out, const Value& value);
// The value refers to the reader's bytes. On malformed input the reader turns not ok().
Value read_value(ByteReader& in);

}  // namespace tailrace
