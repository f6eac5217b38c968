// What a projector says of itself: whether it has reached a target, status and metrics.
#include <algorithm>

#include "engine/projector.hpp"

namespace tailrace::engine {

namespace {

constexpr Milliseconds rebalance_patience{3000};

}  // namespace

bool Projector::stands_by() const {
  return partitions_.empty() && group_answered_at_ &&
         deps_.clock.now() - *group_answered_at_ >= rebalance_patience;
}

bool Projector::all_loaded() const {
  return static_cast<stream::Partition>(partitions_.size()) == options_.partitions &&
         std::all_of(partitions_.begin(), partitions_.end(),
                     [](const auto& entry) { return entry.second->progress().loaded; });
}

bool Projector::has_reached(const Targets& targets) const {
  if (!all_loaded()) return false;
  const auto is_reached = [](const std::map<std::uint8_t, std::string>& seen, std::uint8_t source,
                             const GtidSet& target) {
    const auto at = seen.find(source);
    const auto set = GtidSet::parse(at == seen.end() ? std::string_view() : at->second);
    return at != seen.end() && set && set->contains(target);
  };
  for (std::size_t t = 0; t < view_->tables(); ++t) {
    const auto table = static_cast<std::uint16_t>(t);
    if (!view_->used(table)) continue;
    for (const std::uint8_t source : view_->sources(table)) {
      const auto target = targets.find(source);
      if (target == targets.end()) continue;
      if (!is_reached(view_->progress(table), source, target->second)) return false;
    }
  }
  for (const Lane& lane : lanes_) {
    if (lane.stubs != Lane::Stubs::done || !lane.under_way.empty()) return false;
  }
  return std::all_of(partitions_.begin(), partitions_.end(), [&](const auto& entry) {
    const PartitionTask::Progress progress = entry.second->progress();
    if (!progress.settled || progress.pending > 0) return false;
    return std::all_of(targets.begin(), targets.end(), [&](const auto& target) {
      return is_reached(progress.gtid_sets, target.first, target.second);
    });
  });
}

std::uint64_t Projector::dead_letters() const {
  std::uint64_t count = 0;
  for (const auto& [partition, task] : partitions_) count += task->progress().dead_letters;
  return count;
}

void Projector::report() {
  if (deps_.clock.now() - last_report_ < std::chrono::milliseconds(200)) return;
  last_report_ = deps_.clock.now();
  const std::string component = "projector " + plan_.name;
  const std::string label = "{document=\"" + plan_.name + "\"}";
  double pending = 0;
  double taken = 0;
  bool running = !partitions_.empty();
  for (const auto& [partition, task] : partitions_) {
    const PartitionTask::Progress progress = task->progress();
    taken += progress.running ? 1 : 0;
    pending += static_cast<double>(progress.pending);
    running = running && progress.running;
  }
  deps_.board.gauge("tailrace_partitions" + label, taken);
  deps_.board.gauge("tailrace_pending_documents" + label, pending);
  report_fanout();
  deps_.board.gauge("tailrace_dead_letters" + label, static_cast<double>(dead_letters()));
  deps_.board.gauge("tailrace_log_records_read_total" + label, static_cast<double>(rows_seen_));
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const bool loading =
        std::any_of(partitions_.begin(), partitions_.end(),
                    [&](const auto& entry) { return entry.second->loading(lane); });
    deps_.board.set_fact(
        "sink." + lanes_[lane].port->name() + ".load",
        loading || !(running || stands_by()) ? "writing every document once" : "done");
  }
  const auto away =
      std::find_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.away; });
  if (away != lanes_.end()) {
    deps_.board.set(component, Phase::degraded, "sink.away",
                    "sink " + away->port->name() + " does not answer; its documents wait");
  } else if (log_trouble_) {
    deps_.board.set(component, Phase::degraded, log_trouble_->code, log_trouble_->message);
  } else if (stands_by()) {
    deps_.board.set(component, Phase::streaming, {},
                    "stands by without a partition; it gets some when another worker leaves");
  } else {
    deps_.board.set(
        component,
        !running                 ? Phase::starting
        : loading_sink().empty() ? Phase::streaming
                                 : Phase::snapshotting,
        {}, loading_sink().empty() ? "" : "sink " + loading_sink() + " gets every document");
  }
}

// The first sink that does not have every document once yet; empty: all have.
std::string Projector::loading_sink() const {
  for (const auto& [partition, task] : partitions_) {
    if (task->progress().loaded) continue;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (task->loading(lane)) return lanes_[lane].port->name();
    }
  }
  return {};
}

}  // namespace tailrace::engine
