#include "tests/simulation/world.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "engine/topics.hpp"
#include "tests/simulation/coverage.hpp"
#include "tests/simulation/schedule.hpp"

namespace tailrace::simulation {

namespace {

const std::string pipeline = "sim";
const std::string group = "sim.order";

using transform::FieldSpec;
using transform::LookupSpec;

LookupSpec lookup_of(const std::string& name, const std::string& table, const std::string& on,
                     std::vector<FieldSpec> fields) {
  LookupSpec spec;
  spec.name = name;
  spec.table = table;
  spec.on = {{on, ""}};
  spec.fields = std::move(fields);
  return spec;
}

transform::ChildSpec child_of(const std::string& name, const std::string& on) {
  transform::ChildSpec spec;
  spec.name = name;
  spec.table = name;
  spec.on = {on};
  return spec;
}

transform::ChildSpec shipments() {
  transform::ChildSpec shipments = child_of("shipments", "order_id");
  transform::ChildSpec parcels = child_of("parcels", "shipment_id");
  parcels.children = {child_of("scans", "parcel_id")};
  shipments.children = {std::move(parcels)};
  return shipments;
}

const std::vector<std::string> shards = {"a", "b"};

transform::SourceLayout layout_of(SourceKind kind) {
  transform::SourceLayout layout;
  layout.groups = {{"", {{shards[0], 0}}}};
  if (kind == SourceKind::by_shard || kind == SourceKind::unique) {
    layout.groups[0].shards.push_back({shards[1], 1});
  }
  if (kind == SourceKind::split) {
    layout.groups.push_back({"pay", {{shards[1], 1}}});
    layout.tables["payments"] = 1;
  }
  return layout;
}

std::vector<transform::DocumentSpec> documents(const WorldOptions& options) {
  transform::DocumentSpec order;
  order.name = "order";
  order.root = "orders";
  order.id = options.sources == SourceKind::by_shard ? "{shard}-{id}" : "{id}";
  order.unique_across_shards = options.sources == SourceKind::unique;
  transform::ChildSpec items;
  items.name = "items";
  items.table = "items";
  items.on = {"order_id"};
  LookupSpec product = lookup_of("product", "products", "product_id",
                                 {{"name", "name"}, {"category_id", "category_id"}});
  product.refresh_per_second = options.product_rate;
  product.lookups = {lookup_of("category", "categories", "category_id", {{"name", "name"}})};
  LookupSpec price = lookup_of("price", "prices", "price_id", {{"amount", "amount"}});
  if (options.keep_prices) price.when_changed = transform::WhenChanged::keep;
  items.lookups = {product, price};
  transform::ChildSpec payments;
  payments.name = "payments";
  payments.table = "payments";
  payments.on = {"order_id"};
  order.children = {items, payments};
  if (options.payments_hang && options.cascades_declared)
    order.cascades = {{"payments", {"order_id"}, "orders", false}};
  if (options.shipments) order.children.push_back(shipments());
  return {order};
}

}  // namespace

const std::vector<std::string>& World::lookup_topics() {
  static const std::vector<std::string> topics = {engine::lookup_topic(pipeline, "products"),
                                                  engine::lookup_topic(pipeline, "categories"),
                                                  engine::lookup_topic(pipeline, "prices")};
  return topics;
}

World::World(WorldOptions options)
    : options_(std::move(options)),
      change_topic_(engine::change_topic(pipeline, "order")),
      state_topic_(engine::state_topic(pipeline, "order")) {
  configure_log(options_.trace ? LogLevel::info : LogLevel::silent, LogFormat::text);
  for (std::size_t n = 0; n < (options_.sources == SourceKind::one ? 1u : 2u); ++n) {
    servers_.push_back(std::make_unique<SimServer>(n));
    if (options_.payments_hang) servers_[n]->hang_payments();
    models_.push_back(&servers_[n]->model());
    captures_.emplace_back();
    desks_.push_back(std::make_unique<engine::ImportDesk>());
    // The second database with all tables has every other row, too.
    const bool all = n == 0 || options_.sources == SourceKind::split;
    std::vector<Write> before;
    for (std::size_t i = 0; i < options_.before.size(); ++i) {
      if (all || i % 2 == 1) before.push_back(options_.before[i]);
    }
    before = held_by(options_.sources, n, std::move(before));
    if (!before.empty()) servers_[n]->commit(before);
  }
  known_sources_ = options_.second_later ? 1 : servers_.size();
  plan_ = *transform::compile_plan(documents(options_), shop_schemas(), layout());
  for (std::size_t n = 0; n < options_.sinks; ++n) {
    sinks_.push_back(
        std::make_unique<SimSinkStore>("sink" + std::to_string(n), models_, options_.sink_rules));
  }
  lose_log();
  identity_ = {"log0", 0};
}

World::~World() = default;

transform::SourceLayout World::layout() const {
  transform::SourceLayout layout = layout_of(options_.sources);
  if (known_sources_ == 1) layout.groups[0].shards.resize(1);
  return layout;
}

void World::add_source() {
  for (auto& capture : captures_) capture.reset();
  for (const auto& worker : workers_) worker->projector.reset();
  known_sources_ = servers_.size();
  plan_ = *transform::compile_plan(documents(options_), shop_schemas(), layout());
}

std::string World::placement_topic(std::size_t source) const {
  return engine::placement_topic(pipeline, shards[source]);
}

std::string World::document_id(std::int64_t order, std::size_t source) const {
  const std::string id = std::to_string(order);
  return options_.sources == SourceKind::by_shard ? shards[source] + "-" + id : id;
}

void World::lose_log() {
  for (auto& capture : captures_) capture.reset();
  capture_stores_.lose_all();
  for (const auto& worker : workers_) {
    worker->projector.reset();
    worker->stores->lose_all();
    worker->deaf = false;
  }
  fakes::FakeLogOptions log_options;
  log_options.keeps_state = options_.keeps_state;
  log_options.waits = false;
  log_options.pass_time = [this](Deadline deadline) { clock_.advance_to(deadline); };
  log_options.records_per_poll = options_.records_per_poll;
  log_options.rules = options_.log_rules;
  log_ = std::make_unique<fakes::FakeEventLog>(log_options);
  log_->crash_on_destruction(true);
  log_->delay_appends(true);
  log_->set_power_cut([this] { return fuse_.burn(); });
  identity_.generation = static_cast<std::uint16_t>(identity_.generation + 1);
  identity_.log_id = "log" + std::to_string(identity_.generation);
  step_captures();  // makes the topics
}

std::optional<std::string> World::broken() const {
  if (broken_) return broken_;
  for (const auto& sink : sinks_) {
    if (sink->broken()) return sink->name() + ": " + *sink->broken();
  }
  return std::nullopt;
}

void World::fail(std::string how) {
  if (!broken_) broken_ = std::move(how);
}

bool World::survives(const Result<void>& outcome, const std::string& who) {
  if (outcome) return true;
  const Error& error = outcome.error();
  const bool expected = error.code == "fake.dead" || error.code == "log.fenced" ||
                        error.disposition == Disposition::retry ||
                        options_.tolerated.contains(error.code);
  if (!expected) fail(who + " stopped: " + error.code + ": " + error.message);
  return false;
}

Result<void> World::open_capture(std::size_t source) {
  engine::CaptureOptions capture;
  capture.pipeline = pipeline;
  capture.source = shards[source];
  capture.layout = layout();
  capture.partitions = options_.partitions;
  capture.documents = documents(options_);
  capture.batch_bytes = options_.capture_batch_bytes;
  capture.pass_bytes = options_.pass_bytes;
  capture.part_bytes = options_.part_bytes;
  capture.progress_interval = options_.progress_interval;
  capture.idle_progress_interval = options_.idle_progress_interval;
  capture.rules = options_.rules;
  engine::CaptureDependencies deps{
      *log_, clock_, capture_board_,
      []() -> Result<std::vector<TableSchema>> { return shop_schemas(); },
      [this, source](const std::vector<TableSchema>& schemas)
          -> Result<std::unique_ptr<capture::ChangeSource>> {
        return std::make_unique<SimSource>(server(source), schemas, options_.snapshot_chunk_rows);
      }};
  deps.stores = &capture_stores_;
  deps.imports = desks_[source].get();
  deps.make_root_reader =
      [this, source](
          const std::vector<TableSchema>& schemas) -> Result<std::unique_ptr<capture::RootReader>> {
    return std::make_unique<SimRootReader>(server(source), schemas);
  };
  captures_[source] = std::make_unique<engine::CaptureRole>(std::move(capture), std::move(deps));
  return captures_[source]->open();
}

void World::step_captures() {
  for (std::size_t n = 0; n < sources(); ++n) step_capture(0, n);
}

void World::step_capture(int calls, std::size_t source) {
  if (calls > 0) fuse_.arm(calls);
  Result<void> outcome =
      captures_[source] ? captures_[source]->step(clock_.now()) : open_capture(source);
  if (outcome && fuse_.blown()) outcome = halt("fake.dead", "killed behind its last call");
  fuse_.disarm();
  if (!survives(outcome, "capture")) {
    ++coverage()["capture died"];
    captures_[source].reset();
  }
}

void World::capture_all(std::size_t source) {
  for (int n = 0; n < 10'000 && !broken_; ++n) {
    step_capture(0, source);
    if (is_captured(source)) return;
  }
}

void World::capture_all() {
  for (std::size_t n = 0; n < sources(); ++n) capture_all(n);
}

std::size_t World::add_worker() {
  auto worker = std::make_unique<Worker>();
  worker->name = "w" + std::to_string(workers_.size());
  worker->stores = std::make_unique<SimStores>(fuse_);
  worker->up = true;
  workers_.push_back(std::move(worker));
  return workers_.size() - 1;
}

engine::ProjectorOptions World::projector_options(const Worker& worker) const {
  engine::ProjectorOptions projector;
  projector.pipeline = pipeline;
  projector.instance_id = worker.name;
  for (std::size_t n = 0; n < sources(); ++n) projector.sources.push_back(shards[n]);
  projector.identity = identity_;
  projector.commit_interval = options_.commit_interval;
  projector.partitions = options_.partitions;
  projector.state_chunk_bytes = options_.state_chunk_bytes;
  projector.unwritten_limit = options_.unwritten_limit;
  projector.fanout_window = options_.fanout_window;
  projector.fanout_limit = options_.fanout_limit;
  projector.cache_bytes = 8u << 10;
  projector.worth_queueing = 1;  // as many batches under way as the schedule wants
  projector.random_seed = 1;
  projector.rules = options_.rules;
  return projector;
}

Result<void> World::open(Worker& worker) {
  worker.ports.clear();
  std::vector<engine::SinkPort*> ports;
  for (const auto& sink : sinks_) {
    worker.ports.push_back(std::make_unique<SimSinkPort>(*sink, fuse_));
    ports.push_back(worker.ports.back().get());
  }
  worker.board = std::make_unique<engine::StatusBoard>();
  worker.projector = std::make_unique<engine::Projector>(
      projector_options(worker),
      engine::ProjectorDependencies{*log_, *worker.stores, plan_, ports, clock_, *worker.board,
                                    &fanout_valve_});
  TAILRACE_TRY(worker.projector->open());
  worker.member = log_->member_of(group, worker.name);
  return {};
}

void World::step(Worker& worker, int calls) {
  if (!worker.up) return;
  for (std::size_t n = 0; n < worker.lookups_below.size(); ++n)
    log_->limit_reading(lookup_topics()[n], worker.lookups_below[n]);
  log_->limit_reading(change_topic_, worker.changes_below);
  if (calls > 0) fuse_.arm(calls);
  Result<void> outcome;
  if (!worker.projector) outcome = open(worker);
  if (outcome) outcome = worker.projector->step(clock_.now());
  const bool killed = fuse_.blown();
  fuse_.disarm();
  for (const std::string& topic : lookup_topics()) log_->limit_reading(topic, std::nullopt);
  log_->limit_reading(change_topic_, std::nullopt);
  if (killed || (!outcome && outcome.error().code == "fake.dead")) {
    kill(worker);
  } else if (!survives(outcome, worker.name)) {
    worker.projector.reset();
    if (worker.deaf) kill(worker);
  }
}

void World::kill(Worker& worker) {
  if (worker.projector) ++coverage()[worker.deaf ? "zombie killed" : "worker killed"];
  worker.projector.reset();
  worker.ports.clear();
  worker.up = false;
  worker.deaf = false;
}

void World::leave(Worker& worker) {
  if (!worker.projector || worker.deaf) return;
  for (const auto& port : worker.ports) port->close(true);
  // What it waits for arrives while it waits.
  for (const auto& sink : sinks_) sink->deliver_all();
  const auto outcome = worker.projector->close(clock_.now() + Milliseconds(1));
  survives(outcome, worker.name);
  kill(worker);
}

void World::expel(Worker& worker, bool deaf) {
  if (!worker.projector || worker.deaf) return;
  log_->deafen(worker.member, deaf);
  log_->expel(group, worker.name);
  worker.deaf = deaf;
}

void World::hear(Worker& worker) {
  if (!worker.deaf) return;
  log_->deafen(worker.member, false);
  worker.deaf = false;
}

void World::freeze_lookups(Worker& worker) {
  worker.lookups_below.clear();
  for (const std::string& topic : lookup_topics())  // marks, of as many as write, stand behind
    worker.lookups_below.push_back(static_cast<stream::Offset>(log_->records(topic, 0).size()));
}

std::size_t World::living() const {
  return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(),
                                                [](const auto& worker) { return worker->up; }));
}

}  // namespace tailrace::simulation
