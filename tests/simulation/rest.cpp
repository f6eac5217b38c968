// How the world comes to rest, and what must be true then.
#include <algorithm>

#include "engine/commit_metadata.hpp"
#include "tests/simulation/world.hpp"

namespace tailrace::simulation {

namespace {

const std::string group = "sim.order";
constexpr int patience_rounds = 800;
constexpr Milliseconds round_length{50};

}  // namespace

void World::end_faults() {
  log_->commit_takes_polls(0);
  log_->set_records_per_poll(1000);
  log_->state_marks_late(false);
  log_->settle_state_marks();
  log_->hold_acknowledgements(false);
  for (const auto& worker : workers_) {
    worker->lookups_below.clear();
    worker->changes_below.reset();
    for (const auto& port : worker->ports) port->close(false);
    if (worker->deaf) kill(*worker);
    if (!worker->up) {
      while (log_->deliver_append(worker->member)) continue;
    }
  }
  log_->expire();
  std::set<std::string> cured;
  for (const auto& sink : sinks_) {
    sink->set_down(std::nullopt);
    cured.merge(sink->cure());
  }
  for (const std::string& id : cured) touch_document(id);  // what cures a dead letter
  if (living() == 0 && !workers_.empty()) workers_[0]->up = true;
}

void World::come_to_rest() {
  end_faults();
  for (int round = 0; round < patience_rounds && !broken(); ++round) {
    for (int n = 0; n < 8; ++n) step_captures();
    for (const auto& worker : workers_) {
      step(*worker);
      while (worker->projector && log_->deliver_append(worker->member)) continue;
    }
    for (const auto& sink : sinks_) sink->deliver_all();
    clock_.advance(std::max(round_length, options_.commit_interval / 4));
    const bool rest = at_rest();
    if (rest || promised()) look_at_documents();
    if (rest) return;
  }
  if (!broken()) fail("does not come to rest: " + restless_);
}

// What the engine itself says of being done must be true.
bool World::promised() const {
  if (living() != 1) return false;
  // The runner asks capture first.
  const bool reads = std::any_of(captures_.begin(), captures_.end(), [](const auto& capture) {
    return !capture || capture->reads_again();
  });
  if (reads) return false;
  engine::Targets executed;
  for (std::size_t n = 0; n < sources(); ++n) {
    executed[static_cast<std::uint8_t>(n)] = servers_[n]->executed();
  }
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& worker) {
    return worker->up && worker->projector && worker->projector->has_reached(executed) &&
           worker->projector->dead_letters() == 0;
  });
}

bool World::at_rest() {
  for (std::size_t n = 0; n < sources(); ++n) {
    if (is_captured(n)) continue;
    restless_ = "capture is not at the end of source " + std::to_string(n);
    return false;
  }
  for (const auto& desk : desks_) {
    if (desk->list().empty()) continue;
    restless_ = "roots wait to be read again: " + desk->list().front().problem;
    return false;
  }
  for (const auto& sink : sinks_) {
    if (sink->under_way() == 0) continue;
    restless_ = "documents under way to " + sink->name();
    return false;
  }
  for (stream::Partition p = 0; p < options_.partitions; ++p) {
    if (!partition_at_rest(p)) return false;
  }
  for (const auto& sink : sinks_) {
    for (const auto& [id, stored] : sink->documents()) {
      if (stored.write.deleted || stored.version.generation() == identity_.generation) continue;
      restless_ = "document " + id + " of an older log is still there";
      return false;
    }
  }
  if (living() == 1 && !promised()) {
    restless_ = "the only worker does not say that it has reached the end";
    return false;
  }
  return true;
}

bool World::partition_at_rest(stream::Partition partition) {
  const auto committed = log_->committed(group, change_topic_, partition);
  const std::string place = "partition " + std::to_string(partition);
  const stream::Offset last = log_->last_record(change_topic_, partition);
  if (!committed || committed->offset <= last) {
    const stream::Offset from = committed ? committed->offset : 0;
    restless_ = place + " is committed up to " + std::to_string(from) + " of " +
                std::to_string(last + 1) + ", behind it:" + kinds_from(partition, from);
    return false;
  }
  const auto metadata = engine::CommitMetadata::parse(committed->metadata);
  if (!metadata) {
    fail("commit metadata: " + metadata.error().message);
    return false;
  }
  if (metadata->marks) {
    restless_ = place + " has pending documents";
    return false;
  }
  for (const auto& [sink, load] : metadata->loads) {
    if (!load) continue;
    restless_ = place + " still loads " + sink;
    return false;
  }
  for (const std::string& topic : lookup_topics()) {
    const std::string table = topic.substr(4, topic.size() - 4 - std::string(".lookup").size());
    const auto posted = metadata->posted.find(table);
    if (posted != metadata->posted.end() && posted->second > log_->last_record(topic, 0)) continue;
    restless_ = place + " has not followed " + table;
    return false;
  }
  return true;
}

// For people: the kinds of the records (change_record.cpp), of parts with their number.
std::string World::kinds_from(stream::Partition partition, stream::Offset from) const {
  std::string kinds;
  const auto records = log_->records(change_topic_, partition);
  for (auto at = static_cast<std::size_t>(from); at < records.size(); ++at) {
    if (!records[at].value) continue;
    transform::ChangeRecord record;
    if (!transform::decode(*records[at].value, record)) continue;
    static constexpr const char* names[] = {"group", "lookup", "progress", "end", "part", "sweep"};
    kinds += " " + std::to_string(at) + "=" + names[record.index()];
    if (const auto* part = std::get_if<transform::PartRecord>(&record)) {
      kinds += std::to_string(part->index) + "/" + std::to_string(part->count) + "@" +
               std::to_string(part->origin.base.seq);
    }
  }
  return kinds;
}

void World::look_at_documents() {
  for (const auto& sink : sinks_) {
    const auto how = sink->law().at_rest(models_, sink->documents());
    if (how) fail(sink->name() + " " + *how);
  }
}

void World::touch_all() {
  for (std::size_t n = 0; n < sources(); ++n) {
    std::vector<std::int64_t> orders;
    for (const auto& [id, row] : server(n).model().rows(Table::orders)) orders.push_back(id);
    for (const std::int64_t id : orders) touch(id, n);
  }
}

void World::touch(std::int64_t order, std::size_t source) {
  const bool was_there = server(source).model().find(Table::orders, order) != nullptr;
  server(source).commit({{Table::orders, order, Row{order, touches_++}}});
  if (!was_there) server(source).commit({{Table::orders, order, std::nullopt}});
}

void World::touch_document(const std::string& id) {
  const DocumentPlace place = place_of(id);
  std::size_t source = place.source.value_or(0);
  for (std::size_t n = 0; !place.source && n < sources(); ++n) {
    if (server(n).model().find(Table::orders, place.order) != nullptr) source = n;
  }
  touch(place.order, source);
}

}  // namespace tailrace::simulation
