#include "tests/simulation/sim_sink.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "tests/simulation/coverage.hpp"

namespace tailrace::simulation {

void SimSinkStore::receive(const std::shared_ptr<SinkBatchState>& batch, std::size_t index,
                           DocumentWrite write) {
  if (!broken_) broken_ = law_.sent(write);
  flights_.push_back({batch, index, std::move(write)});
}

Result<void> SimSinkStore::arrive(const DocumentWrite& write) {
  if (refusals_ > 0) {
    --refusals_;
    return retry("sim.busy", "429");
  }
  if (poisoned_.contains(write.id)) {
    ++coverage()["document set aside"];
    set_aside_.insert(write.id);
    return dead_letter("sim.poison", "cannot be mapped");
  }
  const auto at = documents_.find(write.id);
  const bool stale =
      rules_.compare_versions && at != documents_.end() && write.version <= at->second.version;
  if (log_enabled(LogLevel::info)) {
    log_info("sim.arrived",
             {{"sink", name_}, {"stale", stale ? "yes" : "no"}, {"body", write.body}});
  }
  ++coverage()[stale ? "write refused as stale" : "document shown"];
  if (stale) return {};
  ++taken_[write.id];
  if (!broken_) broken_ = law_.shown(models_, write);
  if (write.deleted && !rules_.keep_stubs) {
    documents_.erase(write.id);
  } else {
    documents_[write.id] = {write.version, write};
  }
  return {};
}

void SimSinkStore::deliver(std::size_t n, bool twice) {
  if (flights_.empty() || down_since_) return;
  const auto at = flights_.begin() + static_cast<std::ptrdiff_t>(n % flights_.size());
  auto result = arrive(at->write);
  if (twice && result) return;
  at->batch->results[at->index] = std::move(result);
  --at->batch->open;
  flights_.erase(at);
}

void SimSinkStore::deliver_all() {
  while (!flights_.empty() && !down_since_) deliver(0);
}

void SimSinkStore::lose_orphans() {
  std::erase_if(flights_, [&](const Flight& flight) {
    const auto same = [&](const Flight& other) { return other.batch == flight.batch; };
    // Whoever sent it holds its batch, too.
    return flight.batch.use_count() == std::count_if(flights_.begin(), flights_.end(), same);
  });
}

void SimSinkPort::submit(engine::SinkBatch batch) {
  if (fuse_.burn()) return;
  auto state = std::make_shared<SinkBatchState>();
  state->id = batch.id;
  state->results.resize(batch.writes.size());
  state->open = batch.writes.size();
  batches_.push_back(state);
  for (std::size_t i = 0; i < batch.writes.size(); ++i) {
    store_.receive(state, i, std::move(batch.writes[i]));
  }
}

std::vector<engine::SinkOutcome> SimSinkPort::take() {
  std::vector<engine::SinkOutcome> outcomes;
  std::erase_if(batches_, [&](const auto& batch) {
    if (batch->open > 0) return false;
    outcomes.push_back({batch->id, batch->results});
    return true;
  });
  return outcomes;
}

std::optional<std::vector<std::string>> SimSinkPort::take_older() {
  if (!question_ || store_.down_since()) return std::nullopt;
  const auto [generation, limit] = *question_;
  question_.reset();
  std::vector<std::string> ids;
  for (const auto& [id, stored] : store_.documents()) {
    if (ids.size() == limit) break;
    if (!stored.write.deleted && stored.version.generation() < generation) ids.push_back(id);
  }
  return ids;
}

}  // namespace tailrace::simulation
