#include "tests/simulation/schedule.hpp"

#include <array>
#include <chrono>

namespace tailrace::simulation {

namespace {

struct Weight {
  Act act;
  const char* name;
  unsigned often;
};

constexpr std::array<Weight, 39> weights = {{
    {Act::transaction, "transaction", 160},
    {Act::transaction_elsewhere, "transaction_elsewhere", 6},
    {Act::truncate, "truncate", 5},
    {Act::fail_over, "fail_over", 4},
    {Act::import_orders, "import_orders", 10},
    {Act::step_capture, "step_capture", 150},
    {Act::run_capture, "run_capture", 40},
    {Act::crash_capture, "crash_capture", 16},
    {Act::abort_capture, "abort_capture", 6},
    {Act::step_worker, "step_worker", 260},
    {Act::run_worker, "run_worker", 40},
    {Act::crash_worker, "crash_worker", 20},
    {Act::lose_power, "lose_power", 4},
    {Act::lose_store, "lose_store", 3},
    {Act::damage_store, "damage_store", 2},
    {Act::start_worker, "start_worker", 30},
    {Act::leave, "leave", 5},
    {Act::expel, "expel", 5},
    {Act::make_zombie, "make_zombie", 8},
    {Act::wake_zombie, "wake_zombie", 6},
    {Act::expire, "expire", 12},
    {Act::deliver_append, "deliver_append", 90},
    {Act::deliver_item, "deliver_item", 120},
    {Act::deliver_all, "deliver_all", 30},
    {Act::refuse_item, "refuse_item", 6},
    {Act::poison, "poison", 6},
    {Act::sink_down, "sink_down", 2},
    {Act::sink_up, "sink_up", 20},
    {Act::wait, "wait", 60},
    {Act::wait_long, "wait_long", 10},
    {Act::trim, "trim", 8},
    {Act::compact, "compact", 6},
    {Act::slow_commits, "slow_commits", 6},
    {Act::late_marks, "late_marks", 4},
    {Act::settle_marks, "settle_marks", 6},
    {Act::refuse_commit, "refuse_commit", 8},
    {Act::lag_lookups, "lag_lookups", 10},
    {Act::lose_log, "lose_log", 1},
    {Act::lose_placement, "lose_placement", 6},
}};

const char* name_of(Act act) {
  for (const Weight& weight : weights) {
    if (weight.act == act) return weight.name;
  }
  return "?";
}

WorldOptions random_options(Random& random) {
  WorldOptions options;
  options.keeps_state = random.chance(75);
  options.partitions = static_cast<stream::Partition>(1 + random.below(3));
  options.sinks = random.chance(30) ? 2 : 1;
  options.records_per_poll = random.chance(50) ? 1 + random.below(4) : 1000;
  if (random.chance(40)) options.part_bytes = 40 + random.below(60);
  if (random.chance(40)) options.state_chunk_bytes = 60 + random.below(200);
  if (random.chance(50)) options.unwritten_limit = 4000;
  if (random.chance(40)) options.capture_batch_bytes = 150 + random.below(400);
  if (random.chance(40)) options.pass_bytes = 60 + random.below(200);
  options.snapshot_chunk_rows = 1 + random.below(5);
  options.shipments = random.chance(60);
  ShopModel model;
  if (random.chance(60)) {
    for (std::uint64_t n = random.below(12); n > 0; --n) {
      for (Write& write : random_writes(Random(random.bits()), model, options.shipments)) {
        model.commit({write});
        options.before.push_back(std::move(write));
      }
    }
  }
  return options;
}

}  // namespace

std::string text_of(const Action& action) {
  return std::string(name_of(action.act)) + " " + std::to_string(action.bits);
}

Schedule make_schedule(std::uint64_t seed, std::size_t length, SourceKind sources) {
  Random random(seed);
  Schedule schedule;
  schedule.seed = seed;
  schedule.options = random_options(random);
  schedule.options.sources = sources;
  schedule.options.payments_hang = sources == SourceKind::one && seed % 3 == 0;
  // The embedded log has one process.
  if (schedule.options.keeps_state) schedule.workers = 1 + random.below(3);
  unsigned total = 0;
  for (const Weight& weight : weights) total += weight.often;
  const bool with_losses = random.chance(50);
  for (std::size_t n = 0; n < length; ++n) {
    auto at = static_cast<unsigned>(random.below(total));
    std::size_t kind = 0;
    for (; at >= weights[kind].often; ++kind) at -= weights[kind].often;
    Action action{weights[kind].act, random.bits()};
    if (action.act == Act::lose_log && !with_losses) action.act = Act::wait;
    schedule.actions.push_back(action);
  }
  return schedule;
}

Schedule shrink(const Schedule& schedule, int attempts) {
  Schedule best = schedule;
  for (std::size_t chunk = best.actions.size() / 2; chunk > 0 && attempts > 0;) {
    bool shorter = false;
    for (std::size_t at = 0; at < best.actions.size() && attempts > 0; --attempts) {
      Schedule candidate = best;
      const auto from = candidate.actions.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t count = std::min(chunk, candidate.actions.size() - at);
      candidate.actions.erase(from, from + static_cast<std::ptrdiff_t>(count));
      if (run(candidate)) {
        best = std::move(candidate);
        shorter = true;
      } else {
        at += chunk;
      }
    }
    if (!shorter || chunk > best.actions.size()) chunk /= 2;
  }
  return best;
}

std::string describe(const Schedule& schedule) {
  const WorldOptions& options = schedule.options;
  std::string out = "seed " + std::to_string(schedule.seed) + ", " +
                    (options.keeps_state ? "Kafka-like" : "embedded-like") + " log, " +
                    std::to_string(options.partitions) + " partitions, " +
                    std::to_string(schedule.workers) + " workers, " +
                    std::to_string(options.sinks) + " sinks, parts of " +
                    std::to_string(options.part_bytes) + " bytes, sources " +
                    std::to_string(static_cast<int>(options.sources)) + ", " +
                    std::to_string(options.before.size()) + " writes before" +
                    (options.payments_hang ? ", payments hang on orders" : "") +
                    (options.shipments ? ", with shipments\n" : "\n");
  for (const Action& action : schedule.actions) {
    out += "  " + text_of(action) + "\n";
  }
  return out;
}

}  // namespace tailrace::simulation
