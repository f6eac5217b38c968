#include "core/value.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tailrace {

namespace {

bool is_number(ValueKind kind) {
  return kind >= ValueKind::boolean && kind <= ValueKind::decimal_number;
}

// A decimal text taken apart: sign, integer digits without leading zeros, fraction digits.
struct DecimalParts {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
};

DecimalParts split_decimal(std::string_view text) {
  DecimalParts parts;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    parts.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::size_t dot = text.find('.');
  parts.integer = text.substr(0, dot);
  if (dot != std::string_view::npos) parts.fraction = text.substr(dot + 1);
  while (!parts.integer.empty() && parts.integer[0] == '0') parts.integer.remove_prefix(1);
  while (!parts.fraction.empty() && parts.fraction.back() == '0') parts.fraction.remove_suffix(1);
  if (parts.integer.empty() && parts.fraction.empty()) parts.negative = false;
  return parts;
}

std::strong_ordering compare_decimals(std::string_view a, std::string_view b) {
  const DecimalParts x = split_decimal(a);
  const DecimalParts y = split_decimal(b);
  if (x.negative != y.negative) {
    return x.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  auto order = x.integer.size() <=> y.integer.size();
  if (order == 0) order = x.integer.compare(y.integer) <=> 0;
  if (order == 0) order = x.fraction.compare(y.fraction) <=> 0;
  return x.negative ? 0 <=> order : order;
}

std::string number_text(const Value& value) {
  if (value.kind() == ValueKind::int64) return std::to_string(value.as_int64());
  if (value.kind() == ValueKind::uint64) return std::to_string(value.as_uint64());
  if (value.kind() == ValueKind::boolean) return value.as_boolean() ? "1" : "0";
  return std::string(value.as_text());
}

bool is_float(ValueKind kind) { return kind == ValueKind::float32 || kind == ValueKind::float64; }

std::strong_ordering compare_numbers(const Value& a, const Value& b) {
  if (a.kind() == b.kind() && a.kind() == ValueKind::int64) return a.as_int64() <=> b.as_int64();
  if (a.kind() == b.kind() && a.kind() == ValueKind::uint64) return a.as_uint64() <=> b.as_uint64();
  if (is_float(a.kind()) || is_float(b.kind())) {
    const double x = as_double(a);
    const double y = as_double(b);
    return x < y   ? std::strong_ordering::less
           : x > y ? std::strong_ordering::greater
                   : std::strong_ordering::equal;
  }
  return compare_decimals(number_text(a), number_text(b));
}

// "-838:59:59.000001": compare by sign, then by hours (two or three digits), then by the rest.
std::strong_ordering compare_times(std::string_view a, std::string_view b) {
  const bool a_negative = a.starts_with('-');
  const bool b_negative = b.starts_with('-');
  if (a_negative != b_negative) {
    return a_negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a_negative) {
    std::swap(a, b);
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  const auto hours = a.find(':') <=> b.find(':');
  return hours != 0 ? hours : a.compare(b) <=> 0;
}

}  // namespace

double as_double(const Value& value) {
  switch (value.kind()) {
    case ValueKind::float32:
      return static_cast<double>(value.as_float32());
    case ValueKind::float64:
      return value.as_float64();
    case ValueKind::int64:
      return static_cast<double>(value.as_int64());
    default:
      return std::strtod(number_text(value).c_str(), nullptr);
  }
}

Value Value::float32(float v) {
  return number(ValueKind::float32, std::bit_cast<std::uint32_t>(v));
}
Value Value::float64(double v) {
  return number(ValueKind::float64, std::bit_cast<std::uint64_t>(v));
}
float Value::as_float32() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits_)); }
double Value::as_float64() const { return std::bit_cast<double>(bits_); }

bool operator==(const Value& a, const Value& b) {
  if (a.kind_ != b.kind_) return false;
  return a.has_text() ? a.as_text() == b.as_text() : a.bits_ == b.bits_;
}

std::strong_ordering compare(const Value& a, const Value& b) {
  if (a.is_missing() || b.is_missing()) return b.is_missing() <=> a.is_missing();
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  if (a.kind() == ValueKind::time) return compare_times(a.as_text(), b.as_text());
  return a.as_text().compare(b.as_text()) <=> 0;
}

void append_value(std::string& out, const Value& value) {
  out.push_back(static_cast<char>(value.kind()));
  switch (value.kind()) {
    case ValueKind::absent:
    case ValueKind::null:
      return;
    case ValueKind::boolean:
      out.push_back(value.as_boolean() ? '\1' : '\0');
      return;
    case ValueKind::int64:
      append_varint(out, zigzag(value.as_int64()));
      return;
    case ValueKind::uint64:
      append_varint(out, value.as_uint64());
      return;
    case ValueKind::float32:
      append_fixed(out, value.as_float32());
      return;
    case ValueKind::float64:
      append_fixed(out, value.as_float64());
      return;
    case ValueKind::decimal:
    case ValueKind::decimal_number:
    case ValueKind::date:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::time:
    case ValueKind::impossible_date:
    case ValueKind::string:
    case ValueKind::bytes:
    case ValueKind::json:
      append_sized(out, value.as_text());
      return;
  }
}

Value read_value(ByteReader& in) {
  const std::uint8_t kind = in.byte();
  switch (static_cast<ValueKind>(kind)) {
    case ValueKind::absent:
      return {};
    case ValueKind::null:
      return Value::null();
    case ValueKind::boolean:
      return Value::boolean(in.byte() != 0);
    case ValueKind::int64:
      return Value::int64(unzigzag(in.varint()));
    case ValueKind::uint64:
      return Value::uint64(in.varint());
    case ValueKind::float32:
      return Value::float32(in.fixed<float>());
    case ValueKind::float64:
      return Value::float64(in.fixed<double>());
    case ValueKind::decimal:
    case ValueKind::decimal_number:
    case ValueKind::date:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::time:
    case ValueKind::impossible_date:
    case ValueKind::string:
    case ValueKind::bytes:
    case ValueKind::json:
      return Value::text(static_cast<ValueKind>(kind), in.sized());
  }
  in.take(in.remaining() + 1);  // an unknown kind: the reader is no longer ok
  return {};
}

}  // namespace tailrace
