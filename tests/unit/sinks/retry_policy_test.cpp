#include "sinks/retry_policy.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tailrace::sinks {
namespace {

TEST(RetryPolicy, DoublesItsCeilingUpToTheLimit) {
  const RetryPolicy policy{.from = Milliseconds(200), .up_to = Milliseconds(30000)};
  EXPECT_EQ(policy.ceiling(0).count(), 200);
  EXPECT_EQ(policy.ceiling(1).count(), 400);
  EXPECT_EQ(policy.ceiling(7).count(), 25600);
  EXPECT_EQ(policy.ceiling(8).count(), 30000);
  for (unsigned attempt : {20u, 61u, 62u, 64u, 1000u, ~0u}) {
    EXPECT_EQ(policy.ceiling(attempt).count(), 30000) << attempt;
  }
}

TEST(RetryPolicy, SpreadsItsDelaysOverTheWholeRange) {
  const RetryPolicy policy;
  std::mt19937_64 random(7);
  std::int64_t lowest = 1'000'000;
  std::int64_t highest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t delay = policy.delay(3, random()).count();
    lowest = std::min(lowest, delay);
    highest = std::max(highest, delay);
  }
  EXPECT_GE(lowest, 1);
  EXPECT_LT(lowest, 20);
  EXPECT_GT(highest, 1580);
  EXPECT_LE(highest, 1600);
}

TEST(RetryPolicy, NeverSpins) {
  const RetryPolicy none{.from = Milliseconds(0), .up_to = Milliseconds(0)};
  EXPECT_GE(none.delay(0, 0).count(), 1);
  EXPECT_GE(none.delay(50, ~0ULL).count(), 1);
}

}  // namespace
}  // namespace tailrace::sinks
