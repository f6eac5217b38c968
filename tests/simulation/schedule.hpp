// A random run as a list of actions made from a seed. Each action carries its own random bits, so
// that the list can be shortened and run again: what fails is told with as few actions as still
// make it fail.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/random.hpp"
#include "tests/simulation/world.hpp"

namespace tailrace::simulation {

enum class Act : std::uint8_t {
  transaction,
  transaction_elsewhere,
  truncate,
  fail_over,
  import_orders,
  step_capture,
  run_capture,
  crash_capture,
  abort_capture,
  step_worker,
  run_worker,
  crash_worker,
  lose_power,
  lose_store,
  damage_store,
  start_worker,
  leave,
  expel,
  make_zombie,
  wake_zombie,
  expire,
  deliver_append,
  deliver_item,
  deliver_all,
  refuse_item,
  poison,
  sink_down,
  sink_up,
  wait,
  wait_long,
  trim,
  compact,
  slow_commits,
  late_marks,
  settle_marks,
  refuse_commit,
  lag_lookups,
  lose_log,
  lose_placement,
};

struct Action {
  Act act;
  std::uint64_t bits;
};

struct Schedule {
  std::uint64_t seed = 0;
  WorldOptions options;
  std::size_t workers = 1;
  std::vector<Action> actions;
  bool life_after = true;  // at rest all stores are lost, and it goes on
};

// `length`: number of actions.
Schedule make_schedule(std::uint64_t seed, std::size_t length,
                       SourceKind sources = SourceKind::one);

// How the law was broken; nullopt: it held.
std::optional<std::string> run(const Schedule& schedule);

// Fewer actions that still break the law, in some way.
Schedule shrink(const Schedule& schedule, int attempts);

std::string text_of(const Action& action);
std::string describe(const Schedule& schedule);

// One random transaction of the shop.
std::vector<Write> random_writes(Random random, const ShopModel& model, bool shipments);
// What of it a source of this kind can hold.
std::vector<Write> held_by(SourceKind kind, std::size_t source, std::vector<Write> writes);

}  // namespace tailrace::simulation
