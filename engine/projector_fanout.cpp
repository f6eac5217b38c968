// The projector's side of the fan-out: reading the lookup logs, how much of it may stand before
// changes that come in, pausing it, and telling how far it is.
#include <fmt/format.h>

#include <algorithm>

#include "engine/projector.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t crowded_window = 1000;  // while the roots in use are more than the cache

std::string progress_text(const PartitionTask::FanoutProgress& progress, double rate, bool paused) {
  if (progress.changes == 0) return "done";
  std::string text = fmt::format("{} changed rows, {}{} documents to look at", progress.changes,
                                 progress.counted ? "" : "at least ", progress.documents);
  if (paused) return "paused: " + text;
  if (rate < 1) return text;
  return text + fmt::format(", {:.0f}/s, {:.0f} s left", rate,
                            static_cast<double>(progress.documents) / rate);
}

}  // namespace

// R9: what has come is in the view before any partition is told. While many changes wait no more of
// them are read; but one that is held back on purpose must not keep new rows from new orders.
Result<void> Projector::follow_lookups() {
  for (const auto& [partition, task] : partitions_) {
    if (fanout_paused() || has_rate_) break;
    if (task->fanout_pending() > options_.fanout_limit) return {};
  }
  const auto post = [&](const LookupChangeSeen& change) -> Result<void> {
    for (auto& [partition, task] : partitions_) {
      if (task->stage() == PartitionTask::Stage::running) TAILRACE_TRY(task->post(change));
    }
    return {};
  };
  TAILRACE_ASSIGN([[maybe_unused]] const bool some, view_->poll(post));
  return {};
}

bool Projector::fanout_paused() const {
  return deps_.fanout_valve != nullptr && deps_.fanout_valve->is_paused();
}

// A product in a million orders: as many of them at once as keep the sinks busy, but no more than
// memory has room for.
std::size_t Projector::fanout_room() const {
  if (fanout_paused()) return 0;
  std::size_t ahead = 0;
  for (const Lane& lane : lanes_) ahead = std::max(ahead, lane.queue.size());
  for (const auto& [partition, task] : partitions_) ahead += task->fanout_under_way();
  std::size_t window = options_.fanout_window;
  if (is_crowded()) window = std::min(window, crowded_window);
  return window - std::min(window, ahead);
}

bool Projector::is_crowded() const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [](const auto& entry) { return entry.second->is_crowded(); });
}

// References looked at a second, smoothed; 0 while there is nothing to do.
double Projector::fanout_rate(std::uint16_t table, const PartitionTask::FanoutProgress& progress) {
  FanoutRate& rate = fanout_rates_[table];
  const Deadline now = deps_.clock.now();
  const double seconds = std::chrono::duration<double>(now - rate.at).count();
  const bool known = rate.at != Deadline{} && progress.looked_at >= rate.looked_at;
  const double latest =
      known ? static_cast<double>(progress.looked_at - rate.looked_at) / seconds : 0;
  rate.per_second = rate.per_second == 0 ? latest : 0.9 * rate.per_second + 0.1 * latest;
  if (progress.changes == 0) rate.per_second = 0;
  rate.at = now;
  rate.looked_at = progress.looked_at;
  return rate.per_second;
}

void Projector::report_fanout() {
  std::map<std::uint16_t, PartitionTask::FanoutProgress> all;
  for (const auto& [table, rate] : fanout_rates_) all[table];  // also those that are done by now
  for (const auto& [partition, task] : partitions_) {
    for (const auto& [table, progress] : task->fanout()) {
      PartitionTask::FanoutProgress& sum = all[table];
      sum.changes += progress.changes;
      sum.documents += progress.documents;
      sum.counted = sum.counted && progress.counted;
      sum.looked_at += progress.looked_at;
    }
  }
  const bool paused = fanout_paused();
  PartitionTask::FanoutProgress waiting;
  for (const auto& [table, progress] : all) {
    const std::string labels =
        fmt::format("{{document=\"{}\",table=\"{}\"}}", plan_.name, view_->name(table));
    deps_.board.gauge("tailrace_fanout_pending" + labels, static_cast<double>(progress.documents));
    deps_.board.gauge("tailrace_fanout_changes" + labels, static_cast<double>(progress.changes));
    deps_.board.set_fact("fanout." + plan_.name + "." + view_->name(table),
                         progress_text(progress, fanout_rate(table, progress), paused));
    waiting.changes += progress.changes;
    waiting.documents += progress.documents;
    waiting.counted = waiting.counted && progress.counted;
  }
  const std::string component = "fan-out " + plan_.name;
  if (paused) {
    deps_.board.set(component, Phase::paused, "fanout.paused",
                    (waiting.changes == 0 ? "nothing waits" : progress_text(waiting, 0, false)) +
                        "; other changes are not held back");
  } else if (deps_.fanout_valve != nullptr && deps_.fanout_valve->was_used()) {
    deps_.board.set(component, Phase::streaming);
  }
}

}  // namespace tailrace::engine
