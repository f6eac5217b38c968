// What every directed schedule is tested for; the schedules are in directed_*_test.cpp.
#include "tests/simulation/directed.hpp"

namespace tailrace::simulation {

TEST_P(DirectedSchedules, KeepTheLaw) {
  const Broken broken = GetParam().play(WorldOptions{});
  EXPECT_FALSE(broken) << *broken;
}

TEST_P(DirectedSchedules, BreakItWithoutTheirRule) {
  const Directed& directed = GetParam();
  if (directed.without == nullptr) return;
  WorldOptions options;
  directed.without(options);
  const Broken broken = directed.play(options);
  ASSERT_TRUE(broken) << "without " << directed.rule << " nothing was seen";
  std::printf("without %s: %s\n", directed.rule, broken->c_str());
}

}  // namespace tailrace::simulation
