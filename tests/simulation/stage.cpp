#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {

namespace {

WorldOptions by_hand(WorldOptions options) {
  options.partitions = 1;
  options.commit_interval = std::chrono::hours(1);
  options.progress_interval = std::chrono::hours(50);
  options.idle_progress_interval = std::chrono::hours(50);
  return options;
}

}  // namespace

Write order(std::int64_t id, std::int64_t note) { return {Table::orders, id, Row{id, note}}; }
Write item(std::int64_t id, std::int64_t in_order, std::int64_t qty) {
  return {Table::items, id, Row{id, in_order, 1, 1, qty}};
}
Write no_item(std::int64_t id) { return {Table::items, id, std::nullopt}; }
Write no_order(std::int64_t id) { return {Table::orders, id, std::nullopt}; }
Write product(std::int64_t name) { return {Table::products, 1, Row{1, name, null_value}}; }
Write no_product() { return {Table::products, 1, std::nullopt}; }
Write price(std::int64_t amount) { return {Table::prices, 1, Row{1, amount}}; }
Write shipment(std::int64_t id, std::int64_t in_order, std::int64_t carrier) {
  return {Table::shipments, id, Row{id, in_order, carrier}};
}
Write parcel(std::int64_t id, std::int64_t in_shipment, std::int64_t weight) {
  return {Table::parcels, id, Row{id, in_shipment, weight}};
}
Write scan(std::int64_t id, std::int64_t in_parcel, std::int64_t place) {
  return {Table::scans, id, Row{id, in_parcel, place}};
}
Write no_shipment(std::int64_t id) { return {Table::shipments, id, std::nullopt}; }
Write no_parcel(std::int64_t id) { return {Table::parcels, id, std::nullopt}; }
Write no_price() { return {Table::prices, 1, std::nullopt}; }

Stage::Stage(WorldOptions options) : world(by_hand(std::move(options))) {
  world.capture_all();
  join({});
  work(owner());
}

void Stage::step(Worker& worker, int times) {
  for (int n = 0; n < times; ++n) world.step(worker);
}

Stage::Offset Stage::write(const std::vector<Write>& writes, std::size_t source) {
  world.server(source).commit(writes);
  world.capture_all();
  return end() - 1;
}

Stage::Offset Stage::truncate(Table table, std::size_t source) {
  world.server(source).truncate(table);
  world.capture_all();
  return end() - 1;
}

void Stage::again(Offset offset) {
  const auto records = world.log().records(world.change_topic(), 0);
  const auto& record = records[static_cast<std::size_t>(offset)];
  auto writer = *world.log().open_writer("again");
  (void)writer->append({world.change_topic(), 0, record.key, record.value, {}});
  (void)writer->commit();
}

void Stage::read(Worker& worker, std::optional<Offset> below) {
  worker.changes_below = below ? *below : end();
  step(worker, 2);
}

void Stage::view(Worker& worker) {
  world.freeze_lookups(worker);
  step(worker, 3);
}

void Stage::send(Worker& worker) {
  while (world.log().deliver_append(worker.member)) continue;
  step(worker, 2);
}

void Stage::submit(Worker& worker) {
  world.clock().advance(Milliseconds(300));  // lookups are not waited for any longer
  for (const auto& port : worker.ports) port->close(false);
  step(worker, 2);
  for (const auto& port : worker.ports) port->close(true);
}

void Stage::sink(Worker& worker) {
  submit(worker);
  for (std::size_t n = 0; n < world.sinks(); ++n) world.sink(n).deliver_all();
  step(worker, 2);
}

void Stage::begin(Worker& worker) {
  world.log().commit_takes_polls(1000);
  world.clock().advance(std::chrono::hours(1));
  step(worker, 1);
  world.log().commit_takes_polls(0);
}

void Stage::finish(Worker& worker) { step(worker, 1001); }

void Stage::commit(Worker& worker) {
  world.clock().advance(std::chrono::hours(1));
  step(worker, 2);
}

void Stage::work(Worker& worker) {
  for (int n = 0; n < 4; ++n) {
    read(worker);
    view(worker);
    send(worker);
    sink(worker);
    commit(worker);
  }
}

Stage::Worker& Stage::join(const Takeover& how) {
  owner_ = how.back != nullptr ? how.back : &world.worker(world.add_worker());
  owner_->up = true;
  owner_->changes_below = 0;
  if (how.old_view) {
    owner_->lookups_below.assign(World::lookup_topics().size(), 0);
  } else {
    world.freeze_lookups(*owner_);
  }
  world.step(*owner_);
  for (const auto& port : owner_->ports) port->close(true);
  if (!how.only_assigned) step(*owner_, 3);
  return *owner_;
}

Stage::Worker& Stage::move(Takeover how) {
  if (how.kill) {
    world.kill(*owner_);
    world.log().expire();
  } else {
    world.expel(*owner_, true);
  }
  return join(how);
}

Broken Stage::rest(bool restore) {
  if (restore) {
    move({.kill = true});
  }
  world.come_to_rest();
  return world.broken();
}

}  // namespace tailrace::simulation
