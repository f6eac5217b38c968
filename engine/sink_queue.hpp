// The roots that one sink has to look at. What came in goes before what only follows: changed
// lookup values, and documents that the sink is filled with.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "engine/root_cache.hpp"

namespace tailrace::engine {

class PartitionTask;

struct QueuedRoot {
  PartitionTask* partition;
  RootEntry* root;
};

class SinkQueue {
 public:
  // `sink`: its index in RootEntry::sinks.
  explicit SinkQueue(std::size_t sink) : sink_(sink) {}

  // A root that waits already stays where it is, or is also put among the urgent ones.
  void push(const QueuedRoot& queued, Urgency urgency, Deadline now) {
    SinkProgress& progress = queued.root->sinks[sink_];
    if (progress.waits && *progress.waits >= urgency) return;
    if (urgency == Urgency::background && background_.empty()) background_since_ = now;
    enter(queued, urgency);
    (urgency == Urgency::foreground ? foreground_ : background_).push_back(queued);
  }

  // The next one of this kind. It waits no longer.
  std::optional<QueuedRoot> pop(Urgency urgency) {
    std::deque<QueuedRoot>& line = urgency == Urgency::foreground ? foreground_ : background_;
    while (!line.empty()) {
      const QueuedRoot queued = line.front();
      line.pop_front();
      if (leave(queued, urgency)) return queued;
    }
    return std::nullopt;
  }

  // Not before `when`, and then in front of the background.
  void put_off(const QueuedRoot& queued, Deadline when) {
    enter(queued, Urgency::foreground);
    later_.push_back({when, queued});
  }

  // Queues what was put off until now, or what `ready` says is.
  template <class Ready>
  void wake(Deadline now, Ready ready) {
    const auto due = std::partition(later_.begin(), later_.end(), [&](const Later& later) {
      return later.when > now && !ready(later.queued);
    });
    for (auto at = due; at != later_.end(); ++at) foreground_.push_back(at->queued);
    later_.erase(due, later_.end());
  }

  // All of them; what was put off, too.
  std::vector<QueuedRoot> take_all() {
    wake(Deadline::max(), [](const QueuedRoot&) { return true; });
    std::vector<QueuedRoot> all;
    for (const Urgency urgency : {Urgency::foreground, Urgency::background}) {
      while (const auto queued = pop(urgency)) all.push_back(*queued);
    }
    return all;
  }

  // The partition goes, with its roots.
  void drop(const PartitionTask* partition) {
    const auto of_it = [&](const QueuedRoot& queued) { return queued.partition == partition; };
    std::erase_if(foreground_, of_it);
    std::erase_if(background_, of_it);
    std::erase_if(later_, [&](const Later& later) { return of_it(later.queued); });
  }

  std::size_t foreground() const { return foreground_.size(); }
  std::size_t background() const { return background_.size(); }  // some may have gone before
  std::size_t size() const { return foreground_.size() + background_.size(); }
  bool idle() const { return size() == 0 && later_.empty(); }
  Deadline background_since() const { return background_since_; }  // while there is a background

 private:
  struct Later {
    Deadline when;
    QueuedRoot queued;
  };

  void enter(const QueuedRoot& queued, Urgency urgency) {
    SinkProgress& progress = queued.root->sinks[sink_];
    progress.waits = urgency;
    ++progress.entries;
  }
  // False: it was among the urgent ones in the meantime, or still is.
  bool leave(const QueuedRoot& queued, Urgency urgency) {
    SinkProgress& progress = queued.root->sinks[sink_];
    --progress.entries;
    if (progress.waits != urgency) return false;
    progress.waits.reset();
    return true;
  }

  std::size_t sink_;
  std::deque<QueuedRoot> foreground_;
  std::deque<QueuedRoot> background_;
  std::vector<Later> later_;  // waiting for lookups, or for a retry
  Deadline background_since_{};
};

}  // namespace tailrace::engine
