// Random runs. TAILRACE_SIM_SHORT and TAILRACE_SIM_LONG set how many, TAILRACE_SIM_SEED where the
// seeds begin; a failing one is run alone by TAILRACE_SIM_SEED=<seed> and one run.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/simulation/schedule.hpp"

namespace tailrace::simulation {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

char at_work[64];  // for when an assertion of the engine ends the program

void tell_seed(int) {
  const auto written = fwrite(at_work, 1, std::strlen(at_work), stderr);
  std::_Exit(written > 0 ? 134 : 135);
}

void run_many(const char* kind, std::uint64_t first, std::uint64_t count, std::size_t length) {
  std::signal(SIGABRT, tell_seed);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::snprintf(at_work, sizeof at_work, "\nsimulation: %s seed %llu\n", kind,
                  static_cast<unsigned long long>(seed));
    const Schedule schedule = make_schedule(seed, length);
    const auto broken = run(schedule);
    if (!broken) continue;
    std::printf("broken: %s seed %llu: %s\n", kind, static_cast<unsigned long long>(seed),
                broken->c_str());
    std::fflush(stdout);
    const auto attempts = static_cast<int>(setting("TAILRACE_SIM_SHRINK", 300));
    Schedule small = shrink(schedule, attempts);
    small.options.trace = std::getenv("TAILRACE_SIM_TRACE") != nullptr;
    FAIL() << *broken << "\nagain: TAILRACE_SIM_SEED=" << seed << " TAILRACE_SIM_" << kind
           << "=1 and --gtest_filter of this test\nshrunk from " << schedule.actions.size()
           << " to " << small.actions.size() << " actions: " << *run(small) << "\n"
           << describe(small);
  }
  std::signal(SIGABRT, SIG_DFL);
  std::printf("simulation: %llu %s runs of %zu actions, 0 broken\n",
              static_cast<unsigned long long>(count), kind, length);
}

TEST(RandomRuns, ShortOnesKeepTheLaw) {
  run_many("SHORT", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_SHORT", 1000), 300);
}

TEST(RandomRuns, LongOnesKeepTheLaw) {
  run_many("LONG", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_LONG", 1), 3000);
}

}  // namespace
}  // namespace tailrace::simulation
