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
#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/projector.hpp"
#include "engine/topics.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/router.hpp"
#include "transform/state/rocks_store.hpp"

namespace {

using namespace tailrace;
using engine::SinkBatch;
using engine::SinkOutcome;
using stream::Offset;
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

// ------------------------------------------------------------------ a log that is full already

struct Stored {
  std::string key;
  std::string value;
};
using Log = std::deque<Stored>;

class Reader final : public stream::TopicReader {
 public:
  Reader(const Log& log, Offset from) : log_(log), next_(from) {}
  Result<std::span<const stream::Record>> poll(Deadline) override {
    records_.clear();
    for (; next_ < end() && records_.size() < 1000; ++next_) {
      const Stored& stored = log_[static_cast<std::size_t>(next_)];
      records_.push_back({0, next_, stored.key, stored.value});
    }
    return std::span<const stream::Record>(records_);
  }
  Offset position() const override { return next_; }
  Result<stream::Bounds> bounds() override { return stream::Bounds{0, end()}; }

 private:
  Offset end() const { return static_cast<Offset>(log_.size()); }
  const Log& log_;
  Offset next_;
  std::vector<stream::Record> records_;
};

class Member final : public stream::GroupMember {
 public:
  explicit Member(std::vector<Log>& logs) : logs_(logs), next_(logs.size(), -1) {}

  Result<std::span<const stream::Record>> poll(Deadline,
                                               stream::AssignmentListener& listener) override {
    records_.clear();
    if (!assigned_) {
      assigned_ = true;
      std::vector<Partition> all;
      for (std::size_t p = 0; p < logs_.size(); ++p) all.push_back(static_cast<Partition>(p));
      listener.on_assigned(all);
      return std::span<const stream::Record>(records_);
    }
    for (std::size_t turn = 0; turn < logs_.size(); ++turn) {
      const std::size_t p = turn_++ % logs_.size();
      if (next_[p] < 0 || paused_.contains(static_cast<Partition>(p))) continue;
      const Offset end = static_cast<Offset>(logs_[p].size());
      for (; next_[p] < end && records_.size() < 1000; ++next_[p]) {
        const Stored& stored = logs_[p][static_cast<std::size_t>(next_[p])];
        records_.push_back({static_cast<Partition>(p), next_[p], stored.key, stored.value});
      }
      if (!records_.empty()) break;
    }
    return std::span<const stream::Record>(records_);
  }
  Result<std::optional<stream::Committed>> fetch_committed(Partition) override {
    return std::optional<stream::Committed>();
  }
  Result<stream::Bounds> bounds(Partition partition) override {
    return stream::Bounds{0,
                          static_cast<Offset>(logs_[static_cast<std::size_t>(partition)].size())};
  }
  Result<void> start(Partition partition, Offset offset) override {
    next_[static_cast<std::size_t>(partition)] = offset;
    return {};
  }
  Result<void> pause(Partition partition) override {
    paused_.insert(partition);
    return {};
  }
  Result<void> resume(Partition partition) override {
    paused_.erase(partition);
    return {};
  }
  Result<void> restore(Partition, const StateVisitor&) override { return {}; }
  Result<std::uint64_t> append(Partition partition, std::string_view key,
                               std::string_view value) override {
    Log& log = logs_[static_cast<std::size_t>(partition)];
    acks_.push_back({++ticket_, static_cast<Offset>(log.size())});
    log.push_back({std::string(key), std::string(value)});
    return ticket_;
  }
  Result<std::vector<stream::AppendAck>> acknowledged() override {
    return std::exchange(acks_, {});
  }
  Result<void> begin_commit(stream::CommitBatch batch) override {
    for (const auto& commit : batch.offsets) committed_[commit.partition] = commit.committed.offset;
    for (const auto& record : batch.state) state_bytes_ += record.value ? record.value->size() : 0;
    committing_ = true;
    return {};
  }
  std::optional<Result<void>> poll_commit() override {
    if (!std::exchange(committing_, false)) return std::nullopt;
    return Result<void>{};
  }
  void leave() noexcept override {}

  bool done() const {
    for (std::size_t p = 0; p < logs_.size(); ++p) {
      const auto at = committed_.find(static_cast<Partition>(p));
      if (at == committed_.end() || at->second < static_cast<Offset>(logs_[p].size())) return false;
    }
    return true;
  }
  std::uint64_t state_bytes() const { return state_bytes_; }
  std::uint64_t appends() const { return ticket_; }

 private:
  std::vector<Log>& logs_;
  std::vector<Offset> next_;
  std::set<Partition> paused_;
  std::map<Partition, Offset> committed_;
  std::vector<stream::Record> records_;
  std::vector<stream::AppendAck> acks_;
  std::uint64_t ticket_ = 0;
  std::uint64_t state_bytes_ = 0;
  std::size_t turn_ = 0;
  bool assigned_ = false;
  bool committing_ = false;
};

class BacklogLog final : public stream::EventLog {
 public:
  explicit BacklogLog(std::size_t partitions) : changes(partitions) {}

  bool keeps_state() const override { return true; }
  Result<void> ensure_topics(std::span<const stream::TopicSpec>) override { return {}; }
  Result<std::unique_ptr<stream::LogWriter>> open_writer(std::string_view) override {
    return halt("bench", "nobody writes here");
  }
  Result<std::unique_ptr<stream::TopicReader>> open_reader(std::string_view topic, Partition,
                                                           Offset from,
                                                           stream::Isolation) override {
    return std::unique_ptr<stream::TopicReader>(
        std::make_unique<Reader>(lookups[std::string(topic)], from));
  }
  Result<std::unique_ptr<stream::GroupMember>> join(const stream::GroupOptions&) override {
    auto joined = std::make_unique<Member>(changes);
    member = joined.get();
    return std::unique_ptr<stream::GroupMember>(std::move(joined));
  }
  std::size_t max_record_bytes() const override { return 1u << 20; }

  std::vector<Log> changes;
  std::map<std::string, Log> lookups;
  Member* member = nullptr;
};

class NullPort final : public engine::SinkPort {
 public:
  const std::string& name() const override { return name_; }
  std::size_t max_documents() const override { return 1000; }
  std::size_t max_bytes() const override { return 4u << 20; }
  bool has_room() const override { return outcomes_.size() < 4; }
  void submit(SinkBatch batch) override {
    for (const DocumentWrite& write : batch.writes) bytes += write.body.size();
    documents += batch.writes.size();
    outcomes_.push_back({batch.id, std::vector<Result<void>>(batch.writes.size())});
  }
  std::vector<SinkOutcome> take() override { return std::exchange(outcomes_, {}); }
  std::optional<Deadline> away_since() const override { return std::nullopt; }
  std::optional<Error> fatal() const override { return std::nullopt; }
  void ask_older(std::uint16_t, std::size_t) override {}
  std::optional<std::vector<std::string>> take_older() override {
    return std::vector<std::string>();
  }

  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;

 private:
  std::string name_ = "null";
  std::vector<SinkOutcome> outcomes_;
};

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
