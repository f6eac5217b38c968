// Tables that were emptied (TRUNCATE, DROP TABLE): their older rows leave every root.
#include "core/log.hpp"
#include "engine/partition.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t roots_per_step = 256;
constexpr std::uint32_t most_unshown = 2000;  // changed roots whose documents are not written yet

}  // namespace

void PartitionTask::begin_sweep(Offset offset, const transform::SweepRecord& record) {
  auto sweep = std::make_unique<Sweep>(
      Sweep{offset, record, std::string(record.origin.gtid), std::string(record.table), {}});
  sweep->record.origin.gtid = sweep->gtid;
  sweep->record.table = sweep->table;
  window_.hold(offset);
  sweeps_.push_back(std::move(sweep));
}

// What was applied behind the sweep already, or restored so, has gone through this before.
void PartitionTask::sweep(RootEntry& root) {
  for (const auto& sweep : sweeps_) {
    if (root.state.last() >= sweep->offset) continue;
    const std::size_t cost = RootCache::cost(root);
    const transform::Applied applied = root.state.apply(shared_.plan, sweep->record, sweep->offset);
    if (!applied.visible) continue;
    root.visible = sweep->offset;
    touch(root);
    cache_.recount(cost, root);
    if (sweep->offset >= silent_below_)
      mark_dirty(root, sweep->offset, sweep->offset, Urgency::foreground);
  }
}

// A slice of the oldest sweep; the later ones are applied to the roots on the way, too.
Result<bool> PartitionTask::sweep_some() {
  if (sweeps_.empty()) return false;
  Sweep& front = *sweeps_.front();
  if (window_.holds(front.offset) > most_unshown) return false;
  std::vector<std::string> concerned;
  // Roots may have been through it before this worker had the partition.
  const bool again = front.offset < taken_at_;
  std::size_t seen = 0;
  std::string last;
  Result<void> outcome;
  TAILRACE_TRY(scan_store(transform::Family::root, front.cursor,
                          [&](std::string_view key, std::string_view bytes) {
                            auto state = transform::RootState::decode(bytes);
                            if (!state) {
                              outcome = Failure(state.error());
                              return false;
                            }
                            const bool applied = again && state->last() >= front.offset;
                            if (applied || state->concerns(shared_.plan, front.record))
                              concerned.emplace_back(key);
                            last = key;
                            return ++seen < roots_per_step;
                          }));
  TAILRACE_TRY(outcome);
  for (const std::string& key : concerned) {
    TAILRACE_ASSIGN(RootEntry* const root, load(key));
    // As for a record that is skipped (R4): the state may have it, and nobody else.
    const bool applied = root->state.last() >= front.offset;
    if (applied && front.offset >= silent_below_)
      mark_dirty(*root, front.offset, front.offset, Urgency::background);
    sweep(*root);
  }
  front.cursor = last + '\0';
  if (seen == roots_per_step) return true;
  log_info("projector.table_swept",
           {{"document", shared_.plan.name}, {"partition", partition_}, {"table", front.table}});
  window_.release(front.offset);
  sweeps_.pop_front();
  return true;
}

}  // namespace tailrace::engine
