// Row changes per second and CPU per row of router and projector alone: a backlog of groups in
// memory, the real engine, RocksDB stores, a sink that takes everything.
//   projector_bench [--orders N] [--items N] [--rounds N] [--partitions N] [--dir DIR] [--json]
// Every order is placed (root, items, payment in one transaction), then, `rounds` times after all
// others, changed (two updates: its status and its payment's). Few orders and many rounds: state
// that is in the cache; many orders and one round: state that is not.
//   projector_bench --sizes 100000,1000000 --working-set 100000 --rounds 2 [--items N] …
// grows one state to each size (placing counts the router too), and at each changes so many orders,
// evenly spread over all, `rounds` times in an order that is not that of their keys; a first such
// round is not counted.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/projector.hpp"
#include "tests/bench/shop_backlog.hpp"
#include "transform/state/rocks_store.hpp"

namespace {

using namespace tailrace;
using bench::BacklogLog;
using bench::NullPort;
using bench::Shop;
using stream::Partition;

constexpr std::int64_t placed_at_once = 5'000;  // orders, while a state grows

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / 1048576; }

// VmRSS or VmHWM.
double resident_mib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::atof(line.c_str() + name.size() + 1) / 1024;
  }
  return 0;
}

void or_die(const Result<void>& result, const char* what) {
  if (result) return;
  std::fprintf(stderr, "%s: %s: %s\n", what, result.error().code.c_str(),
               result.error().message.c_str());
  std::exit(1);
}

struct Options {
  std::int64_t orders = 75'000;
  std::vector<std::int64_t> sizes;
  std::int64_t working_set = 100'000;
  int items = 5;
  int rounds = 1;
  std::size_t partitions = 4;
  std::string dir;
  bool json = false;
};

// What a piece of work took.
struct Cost {
  std::int64_t orders;  // in the state
  std::uint64_t rows;
  double cpu;
  double wall;
};

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        log_(options.partitions),
        shop_(log_, options.items),
        stores_(transform::rocks_stores({.directory = options.dir})) {
    engine::ProjectorOptions projector;
    projector.pipeline = "bench";
    projector.instance_id = "bench";
    projector.sources = {"s0"};
    projector.identity = {"bench", 0};
    projector.partitions = static_cast<Partition>(options.partitions);
    projector_ = std::make_unique<engine::Projector>(
        projector, engine::ProjectorDependencies{
                       log_, *stores_, shop_.plan, {&sink_}, system_clock(), board_});
  }

  // Everything is there before the projector begins.
  void work_off_a_backlog() {
    const double began = cpu_s();
    or_die(shop_.open(), "router");
    or_die(shop_.place(1, options_.orders), "router");
    for (int round = 0; round < options_.rounds; ++round) {
      or_die(shop_.change_all(options_.orders, round % 2 == 0), "router");
    }
    const double router = cpu_s() - began;
    const double filled = resident_mib("VmRSS");
    const std::uint64_t backlog = log_.bytes();
    or_die(projector_->open(), "open");
    const Cost cost = run(options_.orders, 0);
    // What the projector appended stays in memory here, and would not in a log.
    const double own = resident_mib("VmHWM") - filled - mib(log_.bytes() - backlog);
    report("backlog", cost, own);
    if (!options_.json) {
      std::printf("router, rows made here: %.2f µs CPU/row\n",
                  router * 1e6 / static_cast<double>(cost.rows));
    }
  }

  void grow() {
    or_die(shop_.open(), "router");
    or_die(projector_->open(), "open");
    run(0, 0);  // the lookups are read and the partitions taken
    std::int64_t there = 0;
    for (const std::int64_t size : options_.sizes) {
      const std::uint64_t before = shop_.rows();
      const double cpu = cpu_s();
      const double began = wall_s();
      for (; there < size; there = std::min(there + placed_at_once, size)) {
        or_die(shop_.place(there + 1, std::min(there + placed_at_once, size)), "router");
        while (!log_.member->has_read_all()) step();
        log_.forget_all();
      }
      run(size, before);
      const Cost placed{size, shop_.rows() - before, cpu_s() - cpu, wall_s() - began};
      report("place", placed, resident_mib("VmRSS"));
      if (options_.rounds == 0) continue;
      change(size, 2);
      report("change", change(size, options_.rounds), resident_mib("VmRSS"));
    }
  }

 private:
  Cost change(std::int64_t size, int rounds) {
    const std::uint64_t before = shop_.rows();
    for (int round = 0; round < rounds; ++round) {
      const std::int64_t some = std::min(options_.working_set, size);
      or_die(shop_.change_some(size, some, round % 2 == 0), "router");
    }
    return run(size, before);
  }

  void step() { or_die(projector_->step(system_clock().now() + Milliseconds(10)), "step"); }

  // Until all that is in the log is committed; it is forgotten then, while a state grows.
  Cost run(std::int64_t orders, std::uint64_t rows_before) {
    const double cpu = cpu_s();
    const double began = wall_s();
    do {
      step();
    } while (!log_.member->done());
    const Cost cost{orders, shop_.rows() - rows_before, cpu_s() - cpu, wall_s() - began};
    if (!options_.sizes.empty()) log_.forget_all();
    return cost;
  }

  struct Disk {
    std::uint64_t tables = 0;   // sorted files: the state
    std::uint64_t journal = 0;  // write-ahead logs: bounded, whatever the state's size
  };
  // Of the partitions' stores, without the view of the lookups.
  Disk disk() const {
    Disk sum;
    std::error_code gone;  // a file that RocksDB is removing meanwhile
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.dir)) {
      const std::filesystem::path& path = entry.path();
      if (path.string().find("-lookups") != std::string::npos) continue;
      const auto size = entry.file_size(gone);
      if (gone) continue;
      if (path.extension() == ".sst") sum.tables += size;
      if (path.extension() == ".log") sum.journal += size;
    }
    return sum;
  }

  void report(const char* what, const Cost& cost, double memory_mib) const {
    const auto rows = static_cast<double>(cost.rows);
    const Disk disk = this->disk();
    const char* const text =
        options_.json
            ? "{\"work\": \"%s\", \"orders\": %lld, \"items\": %d, \"rows\": %llu, "
              "\"rows_per_s\": %.0f, \"cpu_us_per_row\": %.3f, \"state_bytes_per_order\": %.0f, "
              "\"journal_mib\": %.0f, \"memory_mib\": %.0f, \"documents\": %llu}\n"
            : "%s: %lld orders of %d items, %llu rows, %.0f rows/s, %.2f µs CPU/row, state on disk "
              "%.0f bytes/order and %.0f MiB of journal, memory %.0f MiB, %llu documents in all\n";
    std::printf(text, what, static_cast<long long>(cost.orders), options_.items,
                static_cast<unsigned long long>(cost.rows), rows / cost.wall, cost.cpu * 1e6 / rows,
                static_cast<double>(disk.tables) / static_cast<double>(cost.orders),
                mib(disk.journal), memory_mib, static_cast<unsigned long long>(sink_.documents));
    std::fflush(stdout);
  }

  const Options options_;
  BacklogLog log_;
  Shop shop_;
  std::unique_ptr<transform::StoreFactory> stores_;
  NullPort sink_;
  engine::StatusBoard board_;
  std::unique_ptr<engine::Projector> projector_;
};

std::vector<std::int64_t> numbers(const char* text) {
  std::vector<std::int64_t> found;
  for (const char* at = text; at != nullptr; at = std::strchr(at, ',')) {
    if (*at == ',') ++at;
    found.push_back(std::atoll(at));
  }
  return found;
}

Options parse(int argc, char** argv) {
  Options options;
  options.dir = std::filesystem::temp_directory_path() / "tailrace-projector-bench";
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--json") {
      options.json = true;
      continue;
    }
    const char* const value = i + 1 < argc ? argv[++i] : "";
    if (name == "--orders") {
      options.orders = std::atoll(value);
    } else if (name == "--sizes") {
      options.sizes = numbers(value);
    } else if (name == "--working-set") {
      options.working_set = std::atoll(value);
    } else if (name == "--items") {
      options.items = std::atoi(value);
    } else if (name == "--rounds") {
      options.rounds = std::atoi(value);
    } else if (name == "--partitions") {
      options.partitions = static_cast<std::size_t>(std::atoi(value));
    } else if (name == "--dir") {
      options.dir = value;
    } else {
      std::fprintf(stderr, "unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::filesystem::remove_all(options.dir);
  std::filesystem::create_directories(options.dir);
  {
    Bench bench(options);
    options.sizes.empty() ? bench.work_off_a_backlog() : bench.grow();
  }
  std::filesystem::remove_all(options.dir);
  return 0;
}
