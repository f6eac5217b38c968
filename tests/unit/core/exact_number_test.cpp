#include "core/exact_number.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tailrace {
namespace {

std::string sum(std::initializer_list<const char*> addends) {
  ExactNumber total;
  for (const char* const addend : addends) total += ExactNumber::of(addend);
  return total.text();
}

std::string product(const char* a, const char* b) {
  ExactNumber number = ExactNumber::of(a);
  number *= ExactNumber::of(b);
  return number.text();
}

TEST(ExactNumber, KeepsEveryDigitAndTheScale) {
  EXPECT_EQ(ExactNumber::of("-10.50").text(), "-10.50");
  EXPECT_EQ(ExactNumber::of("-0.05").text(), "-0.05");
  EXPECT_EQ(ExactNumber::of("-0.00").text(), "0.00");
  EXPECT_EQ(ExactNumber(std::uint64_t{18446744073709551615u}).text(), "18446744073709551615");
  EXPECT_EQ(ExactNumber(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
  EXPECT_EQ(ExactNumber(std::int64_t{7}).text(2), "7.00");
  EXPECT_EQ(sum({"0.1", "0.2"}), "0.3");
  EXPECT_EQ(sum({"1", "0.25", "-1.5"}), "-0.25");
  EXPECT_EQ(product("1.10", "2.5"), "2.750");
  EXPECT_EQ(product("-3", "0.00"), "0.00");
}

TEST(ExactNumber, NeverOverflows) {
  const std::string nines(65, '9');
  EXPECT_EQ(sum({nines.c_str(), "1"}), "1" + std::string(65, '0'));
  EXPECT_EQ(sum({nines.c_str(), ("-" + nines).c_str()}), "0");
  EXPECT_EQ(product(nines.c_str(), nines.c_str()),
            std::string(64, '9') + "8" + std::string(64, '0') + "1");
  EXPECT_EQ(product("-170141183460469231731687303715884105728", "2"),
            "-340282366920938463463374607431768211456");
  ExactNumber number = ExactNumber::of("99999999999999999999999999999999999999");  // 38 digits
  for (int i = 0; i < 3; ++i) number += number;
  EXPECT_EQ(number.text(), "799999999999999999999999999999999999992");
  number -= ExactNumber::of("799999999999999999999999999999999999992.5");
  EXPECT_EQ(number.text(), "-0.5");
  number.negate();
  EXPECT_EQ(number.text(3), "0.500");
}

TEST(ExactNumber, IsTheSameHoweverLarge) {
  // (a + b) * (a - b) = a² − b², for numbers on both sides of what fits inside.
  for (const char* const a :
       {"12.5", "170141183460469231731.687", "9000000000000000000000000.01"}) {
    for (const char* const b : {"0.003", "-99999999999999999999.9", "1000000000"}) {
      ExactNumber plus = ExactNumber::of(a);
      plus += ExactNumber::of(b);
      ExactNumber left = ExactNumber::of(a);
      left -= ExactNumber::of(b);
      left *= plus;
      ExactNumber right = ExactNumber::of(a);
      right *= right;
      ExactNumber square = ExactNumber::of(b);
      square *= square;
      right -= square;
      EXPECT_EQ(left.text(12), right.text(12)) << a << " " << b;
    }
  }
}

TEST(FloatSum, DoesNotDependOnTheOrder) {
  const std::vector<double> addends{1e16, 1.0, -1e16, 1e-9, 0.1, 0.2, -0.3, 1e100, 1.0, -1e100};
  FloatSum forward;
  for (const double addend : addends) forward.add(addend);
  FloatSum backward;
  for (std::size_t i = addends.size(); i-- > 0;) backward.add(addends[i]);
  EXPECT_EQ(forward.value(), backward.value());
  FloatSum tenths;
  for (int i = 0; i < 10; ++i) tenths.add(0.1);
  EXPECT_EQ(tenths.value(), 1.0);
  EXPECT_EQ(FloatSum().value(), 0.0);
}

TEST(FloatSum, SaysWhenItIsNotFinite) {
  FloatSum sum;
  sum.add(1e308);
  sum.add(1e308);
  EXPECT_TRUE(std::isinf(sum.value()));
  FloatSum none;
  none.add(std::numeric_limits<double>::infinity());
  none.add(-std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(none.value()));
}

}  // namespace
}  // namespace tailrace
