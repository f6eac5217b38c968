// What happens to the servers of a World, and how far its captures have followed them.
#include <algorithm>

#include "tests/simulation/coverage.hpp"
#include "tests/simulation/world.hpp"

namespace tailrace::simulation {

void World::import_orders(const std::vector<std::int64_t>& orders, std::size_t source) {
  engine::ImportRequest request{"order", {}};
  for (const std::int64_t order : orders) request.ids.push_back(document_id(order, source));
  desks_[source]->post(std::move(request));
}

void World::fail_over(std::size_t lost, std::size_t read, std::size_t source) {
  SimServer& server = *servers_[source];
  server.allow_losing(read);
  const LostChanges changes = server.fail_over(lost);
  if (!changes.orders.empty()) ++coverage()["server lacked changes of orders that were read"];
  if (!changes.values.empty()) ++coverage()["server lacked rows to look up that were read"];
  for (const auto& sink : sinks_) sink->law().excuse(source, changes.orders, changes.values);
}

bool World::can_lose(std::size_t lost, std::size_t source) const {
  const auto& binlog = servers_[source]->binlog();
  const bool loaded =
      captures_[source] && captures_[source]->committed().source.snapshot == SnapshotPhase::done;
  if (options_.shipments || !loaded || binlog.size() <= lost ||
      binlog.size() < servers_[source]->load_begun() + lost)
    return false;
  for (stream::Partition p = 0; p < options_.partitions; ++p) {
    if (log_->start_of(change_topic_, p) > 0) return false;
  }
  return std::none_of(binlog.end() - static_cast<std::ptrdiff_t>(lost), binlog.end(),
                      [](const BinlogEntry& entry) { return entry.emptied.has_value(); });
}

bool World::has_found_lost() const {
  for (std::size_t n = 0; n < sources(); ++n) {
    if (!captures_[n]) return false;
    const std::string& known = captures_[n]->committed().source.server_uuid;
    if (!known.empty() && known != servers_[n]->uuid()) return false;
  }
  return true;
}

bool World::capture_committed(std::size_t source) const {
  if (!captures_[source]) return false;
  const GtidSet& saved = captures_[source]->committed().source.gtid_set;
  const SimServer& server = *servers_[source];
  return std::all_of(server.binlog().begin(),
                     server.binlog().begin() + static_cast<std::ptrdiff_t>(server.read_up_to()),
                     [&](const BinlogEntry& entry) { return saved.contains(entry.gtid); });
}

bool World::is_captured(std::size_t source) const {
  if (!captures_[source]) return false;
  const engine::SavedPosition& saved = captures_[source]->committed();
  return saved.source.snapshot == SnapshotPhase::done &&
         saved.source.gtid_set.contains(servers_[source]->executed());
}

}  // namespace tailrace::simulation
