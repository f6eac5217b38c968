// Row changes per second and CPU per row of router and projector alone: a backlog of groups in
// memory, the real engine, RocksDB stores, a sink that takes everything.
//   projector_bench [--orders N] [--items N] [--rounds N] [--partitions N] [--dir DIR]
// Every order is placed (root, items, payment in one transaction), then, `rounds` times after all
// others, changed (two updates: its status and its payment's). Few orders and many rounds: state
// that is in the cache; many orders and one round: state that is not. An order has lookups of a
// customer, of each item's product and of that product's category.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/projector.hpp"
#include "engine/topics.hpp"
#include "tests/bench/backlog_log.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/router.hpp"
#include "transform/state/rocks_store.hpp"

namespace {

using namespace tailrace;
using bench::BacklogLog;
using bench::Log;
using bench::NullPort;
using stream::Partition;

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

void or_die(const Result<void>& result, const char* what) {
  if (result) return;
  std::fprintf(stderr, "%s: %s: %s\n", what, result.error().code.c_str(),
               result.error().message.c_str());
  std::exit(1);
}

// ------------------------------------------------------------------ the shop and its backlog

TableSchema table(const std::string& name, const std::vector<std::string>& columns) {
  TableSchema schema;
  schema.id = {"shop", name};
  for (const std::string& column : columns) schema.columns.push_back({column, {}});
  schema.primary_key = {0};
  return schema;
}

transform::LookupSpec lookup(const std::string& name, const std::string& of,
                             const std::string& on) {
  transform::LookupSpec spec;
  spec.name = name;
  spec.table = of;
  spec.on = {{on, ""}};
  return spec;
}

transform::DocumentSpec order_document() {
  transform::DocumentSpec spec;
  spec.name = "order";
  spec.root = "orders";
  spec.id = "{id}";
  spec.lookups = {lookup("customer", "users", "user_id")};
  transform::ChildSpec items;
  items.name = "items";
  items.table = "order_items";
  items.on = {"order_id"};
  items.lookups = {lookup("product", "products", "product_id")};
  items.lookups[0].lookups = {lookup("category", "categories", "category_id")};
  transform::ChildSpec payments;
  payments.name = "payments";
  payments.table = "payments";
  payments.on = {"order_id"};
  spec.children = {items, payments};
  return spec;
}

struct Options {
  std::int64_t orders = 75'000;
  int items = 5;
  int rounds = 1;
  std::size_t partitions = 4;
  std::string dir;
};

class Shop {
 public:
  explicit Shop(const Options& options) : options_(options) {
    tables_ = {table("orders", {"id", "order_no", "user_id", "status", "status_at", "note",
                                "items_total", "placed_at"}),
               table("order_items", {"id", "order_id", "product_id", "quantity", "unit_price",
                                     "line_total", "options"}),
               table("payments", {"id", "order_id", "method", "status", "amount", "paid_at"}),
               table("users", {"id", "name", "email"}),
               table("products", {"id", "name", "category_id", "price"}),
               table("categories", {"id", "name"})};
    const transform::DocumentSpec spec = order_document();
    plan = *transform::compile_plan(std::span(&spec, 1), tables_);
  }

  // Returns the number of row changes.
  std::uint64_t fill(BacklogLog& log) {
    log_ = &log;
    transform::Router router(plan);
    router_ = &router;
    fill_lookups();
    for (Log& partition : log.changes) {
      std::string end;
      transform::encode(end, transform::SnapshotEndRecord{{0, {1, seq_, 0}, 0, {}}});
      partition.push_back({"", end});
    }
    rows_ = 0;
    for (std::int64_t id = 1; id <= options_.orders; ++id) place(id);
    for (int round = 0; round < options_.rounds; ++round) {
      for (std::int64_t id = 1; id <= options_.orders; ++id) pay(id, round % 2 == 0);
    }
    return rows_;
  }

  transform::PipelinePlan plan;

 private:
  using Row = std::vector<Value>;
  static constexpr std::int64_t users = 20'000;
  static constexpr std::int64_t products = 5'000;

  void begin() { router_->begin({0, {1, ++seq_, 0}, 1'760'000'000'000'000, gtid()}); }
  std::string_view gtid() {
    gtid_ = "aefad21f-e598-11f1-8474-02fc00000001:" + std::to_string(seq_);
    return gtid_;
  }
  void add(std::size_t at, RowOp op, const Row& before, const Row& after) {
    or_die(router_->add({&tables_[at], op, index_++, before, after}), "router");
    ++rows_;
  }
  void end() {
    index_ = 0;
    const auto group = [&](const transform::Router::Group& g) -> Result<void> {
      const Partition p = stream::partition_of(g.root, static_cast<Partition>(options_.partitions));
      log_->changes[static_cast<std::size_t>(p)].push_back(
          {std::string(g.root), std::string(g.record)});
      return {};
    };
    const auto look = [&](const transform::Router::LookupChange& change) -> Result<void> {
      log_->lookups[engine::lookup_topic("bench", plan.lookups[change.table].table)].push_back(
          {std::string(change.key), std::string(change.record)});
      return {};
    };
    or_die(router_->finish(group, look), "router");
  }

  void fill_lookups() {
    for (std::int64_t id = 1; id <= 50; ++id) insert(5, {Value::int64(id), Value::string("가전")});
    for (std::int64_t id = 1; id <= products; ++id) {
      insert(4, {Value::int64(id), Value::string("Whistling kettle 주전자"),
                 Value::int64(id % 50 + 1), Value::text(ValueKind::decimal, "19.90")});
    }
    for (std::int64_t id = 1; id <= users; ++id) {
      insert(3, {Value::int64(id), Value::string("Kim Minji"), Value::string("kim@example.org")});
    }
  }
  void insert(std::size_t at, const Row& row) {
    begin();
    add(at, RowOp::insert, {}, row);
    end();
  }

  Row order(std::int64_t id, std::string_view status) const {
    return {Value::int64(id),
            Value::string("20261121-00012345"),
            Value::int64(id * 7919 % users + 1),
            Value::string(status),
            Value::text(ValueKind::datetime, "2026-11-21T10:45:40.547"),
            Value::string("please ring twice"),
            Value::text(ValueKind::decimal, "321.96"),
            Value::text(ValueKind::datetime, "2026-11-21T10:45:40.547")};
  }
  Row payment(std::int64_t id, std::string_view status) const {
    return {Value::int64(id),
            Value::int64(id),
            Value::string("card"),
            Value::string(status),
            Value::text(ValueKind::decimal, "321.96"),
            Value::null()};
  }
  void place(std::int64_t id) {
    begin();
    add(0, RowOp::insert, {}, order(id, "PLACED"));
    for (int i = 0; i < options_.items; ++i) {
      const std::int64_t item = id * 1000 + i;
      add(1, RowOp::insert, {},
          {Value::int64(item), Value::int64(id), Value::int64(item * 104729 % products + 1),
           Value::int64(2), Value::text(ValueKind::decimal, "19.90"),
           Value::text(ValueKind::decimal, "39.80"),
           Value::text(ValueKind::json, "{\"gift\":true}")});
    }
    add(2, RowOp::insert, {}, payment(id, "OPEN"));
    end();
  }
  void pay(std::int64_t id, bool paid) {
    begin();
    add(0, RowOp::update, order(id, paid ? "PLACED" : "PAID"), order(id, paid ? "PAID" : "PLACED"));
    add(2, RowOp::update, payment(id, paid ? "OPEN" : "DONE"), payment(id, paid ? "DONE" : "OPEN"));
    end();
  }

  const Options options_;
  std::vector<TableSchema> tables_;
  BacklogLog* log_ = nullptr;
  transform::Router* router_ = nullptr;
  std::uint64_t seq_ = 0;
  std::uint64_t rows_ = 0;
  std::uint32_t index_ = 0;
  std::string gtid_;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--orders") options.orders = std::atoll(argv[i + 1]);
    if (name == "--items") options.items = std::atoi(argv[i + 1]);
    if (name == "--rounds") options.rounds = std::atoi(argv[i + 1]);
    if (name == "--partitions")
      options.partitions = static_cast<std::size_t>(std::atoi(argv[i + 1]));
    if (name == "--dir") options.dir = argv[i + 1];
  }
  if (options.dir.empty()) {
    options.dir = std::filesystem::temp_directory_path() / "tailrace-projector-bench";
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::filesystem::remove_all(options.dir);
  std::filesystem::create_directories(options.dir);
  Shop shop(options);
  BacklogLog log(options.partitions);
  double cpu = cpu_s();
  const std::uint64_t rows = shop.fill(log);
  const auto per_row = [&](double seconds) { return seconds * 1e6 / static_cast<double>(rows); };
  std::printf("router, rows made here: %.2f µs CPU/row\n", per_row(cpu_s() - cpu));

  const auto stores = transform::rocks_stores({.directory = options.dir});
  NullPort sink;
  engine::StatusBoard board;
  engine::ProjectorOptions projector_options;
  projector_options.pipeline = "bench";
  projector_options.instance_id = "bench";
  projector_options.sources = {"s0"};
  projector_options.identity = {"bench", 0};
  projector_options.partitions = static_cast<Partition>(options.partitions);
  engine::Projector projector(projector_options,
                              {log, *stores, shop.plan, {&sink}, system_clock(), board});
  or_die(projector.open(), "open");
  cpu = cpu_s();
  const double began = wall_s();
  while (!log.member->done()) {
    or_die(projector.step(system_clock().now() + Milliseconds(10)), "step");
  }
  const double cpu_used = cpu_s() - cpu;
  const double wall = wall_s() - began;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "projector: %llu rows, %.0f rows/s, %.2f µs CPU/row; %llu documents, %.1f MiB; %llu "
      "lookup records; state topic %.0f bytes/order; peak RSS %ld MiB with the backlog\n",
      static_cast<unsigned long long>(rows), static_cast<double>(rows) / wall, per_row(cpu_used),
      static_cast<unsigned long long>(sink.documents), static_cast<double>(sink.bytes) / 1048576,
      static_cast<unsigned long long>(log.member->appends()),
      static_cast<double>(log.member->state_bytes()) / static_cast<double>(options.orders),
      usage.ru_maxrss / 1024);
  std::filesystem::remove_all(options.dir);
  return 0;
}
