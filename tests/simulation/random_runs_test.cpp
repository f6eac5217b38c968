// Random runs. TAILRACE_SIM_SHORT and TAILRACE_SIM_LONG set how many, TAILRACE_SIM_SEED where the
// seeds begin; a failing one is run alone by TAILRACE_SIM_SEED=<seed> and one run, and told step by
// step with TAILRACE_SIM_TRACE=1. TAILRACE_SIM_ABLATIONS=<runs> asks for the table of rules and how
// many random runs it takes to miss each.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/simulation/coverage.hpp"
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

void run_many(const char* kind, std::uint64_t first, std::uint64_t count, std::size_t length,
              SourceKind sources = SourceKind::one) {
  std::signal(SIGABRT, tell_seed);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::snprintf(at_work, sizeof at_work, "\nsimulation: %s seed %llu\n", kind,
                  static_cast<unsigned long long>(seed));
    const Schedule schedule = make_schedule(seed, length, sources);
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
  for (const auto& [what, times] : coverage())
    std::printf("  %12llu  %s\n", static_cast<unsigned long long>(times), what.c_str());
}

// Sanitizers make everything slow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t short_runs = 500;
constexpr std::uint64_t long_runs = 20;
constexpr std::uint64_t two_source_runs = 100;
#else
constexpr std::uint64_t short_runs = 10'000;
constexpr std::uint64_t long_runs = 500;
constexpr std::uint64_t two_source_runs = 2000;
#endif

TEST(RandomRuns, ShortOnesKeepTheLaw) {
  run_many("SHORT", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_SHORT", short_runs),
           300);
}

TEST(RandomRuns, LongOnesKeepTheLaw) {
  run_many("LONG", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_LONG", long_runs), 3000);
}

// TAILRACE_SIM_TWO sets how many of each kind.
TEST(RandomRuns, OfShardsWithDocumentsOfTheirOwnKeepTheLaw) {
  run_many("TWO", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_TWO", two_source_runs),
           400, SourceKind::by_shard);
}

TEST(RandomRuns, OfShardsThatShareDocumentsKeepTheLaw) {
  run_many("TWO", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_TWO", two_source_runs),
           400, SourceKind::unique);
}

TEST(RandomRuns, OfTablesInTwoDatabasesKeepTheLaw) {
  run_many("TWO", setting("TAILRACE_SIM_SEED", 1), setting("TAILRACE_SIM_TWO", two_source_runs),
           400, SourceKind::split);
}

struct Ablation {
  const char* rule;
  void (*without)(WorldOptions&);
};

using O = WorldOptions;
const Ablation ablations[] = {
    {"R4 skip by last[root]", [](O& o) { o.rules.skip_by_root = false; }},
    {"R4 look at skipped records", [](O& o) { o.rules.look_at_skipped = false; }},
    {"R5 order by token", [](O& o) { o.rules.order_by_token = false; }},
    {"R5 tombstones", [](O& o) { o.rules.keep_tombstones = false; }},
    {"R6 keep the first value", [](O& o) { o.keep_prices = false; }},
    {"R10 barrier", [](O& o) { o.rules.wait_at_barrier = false; }},
    {"R10 post between", [](O& o) { o.rules.post_between = false; }},
    {"R12 stub unseen", [](O& o) { o.rules.stub_unseen = false; }},
    {"R13 note unshown", [](O& o) { o.rules.note_unshown = false; }},
    {"R15 hold for sinks", [](O& o) { o.rules.hold_for_sinks = false; }},
    {"R15 hold for appends", [](O& o) { o.rules.hold_for_appends = false; }},
    {"R15 keep after abort", [](O& o) { o.rules.keep_after_abort = false; }},
    {"R15 dprog inside the commit", [](O& o) { o.log_rules.fence_metadata = false; }},
    {"R16 fence", [](O& o) { o.log_rules.fence_commits = false; }},
    {"R16 by assignment", [](O& o) { o.log_rules.fence_by_assignment = false; }},
    {"R17 nothing undecided",
     [](O& o) { o.log_rules.require_stable = o.log_rules.to_high_watermark = false; }},
    {"R17 high watermark", [](O& o) { o.log_rules.to_high_watermark = false; }},
    {"R17 offset before state", [](O& o) { o.log_rules.state_after_offset = false; }},
    {"R18 replay behind", [](O& o) { o.rules.replay_behind = false; }},
    {"R18 restore over a gap", [](O& o) { o.rules.restore_over_gap = false; }},
    {"R19 never jump", [](O& o) { o.log_rules.stop_out_of_range = false; }},
    {"emulate hidden cascades", [](O& o) { o.cascades_declared = false; }},
    {"marks until current", [](O& o) { o.rules.mark_until_current = false; }},
    {"wait for the first load", [](O& o) { o.rules.wait_for_first_load = false; }},
    {"deep: follow parents", [](O& o) { o.rules.follow_parents = false; }},
    {"deep: catch up with the log", [](O& o) { o.rules.catch_up_placement = false; }},
    {"deep: whole transactions", [](O& o) { o.rules.place_whole = false; }},
    {"deep: place before show", [](O& o) { o.rules.place_before_show = false; }},
    {"sink compares versions", [](O& o) { o.sink_rules.compare_versions = false; }},
    {"sink keeps stubs", [](O& o) { o.sink_rules.keep_stubs = false; }},
};

TEST(RandomRuns, TellHowSoonAMissingRuleIsSeen) {
  const std::uint64_t runs = setting("TAILRACE_SIM_ABLATIONS", 0);
  if (runs == 0) GTEST_SKIP() << "set TAILRACE_SIM_ABLATIONS";
  for (const Ablation& ablation : ablations) {
    std::uint64_t seed = 1;
    std::optional<std::string> broken;
    for (; seed <= runs && !broken; ++seed) {
      Schedule schedule = make_schedule(seed, 300);
      ablation.without(schedule.options);
      broken = run(schedule);
    }
    std::printf("%-28s %6llu %s\n", ablation.rule,
                static_cast<unsigned long long>(broken ? seed - 1 : 0),
                broken ? broken->substr(0, 60).c_str() : "not seen");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace tailrace::simulation
