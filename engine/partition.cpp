// Applying records: R4–R7, the snapshot's gate, parts, and the commit.
#include "engine/partition.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "engine/state_records.hpp"

namespace tailrace::engine {

using transform::Family;

namespace {

constexpr std::size_t max_unwritten_bytes = 4u << 20;

}  // namespace

Result<RootEntry*> PartitionTask::load(std::string_view key) {
  if (RootEntry* entry = cache_.find(key)) return entry;
  std::string bytes;
  TAILRACE_ASSIGN(const bool found, store_->get(Family::root, key, bytes));
  transform::RootState state;
  if (found) {
    TAILRACE_ASSIGN(state, transform::RootState::decode(bytes));
  }
  return &cache_.insert(key, std::move(state));
}

Result<void> PartitionTask::apply(const stream::Record& record) {
  next_ = record.offset + 1;
  window_.add(record.offset);
  if (!record.value) return {};
  if (auto decoded = transform::decode(*record.value, record_); !decoded) {
    return halt(decoded.error().code,
                fmt::format("{} partition {} offset {}: {}", shared_.plan.name, partition_,
                            record.offset, decoded.error().message));
  }
  if (const auto* group = std::get_if<transform::GroupRecord>(&record_)) {
    const auto parts = parts_.find(group->origin.source);
    if (parts != parts_.end() && parts->second.base < group->origin.base)
      drop_parts(group->origin.source);
    if (!shared_.rules.order_by_token) {
      transform::GroupRecord newest = *group;
      newest.origin.base = {0xffff, static_cast<std::uint64_t>(record.offset), 0};
      return apply_rows(newest, record.key, record.offset, record.offset);
    }
    return apply_rows(*group, record.key, record.offset, record.offset);
  }
  if (const auto* lookup = std::get_if<transform::LookupRecord>(&record_)) {
    return apply_rows(*lookup, record.key, record.offset, record.offset);
  }
  if (const auto* progress = std::get_if<transform::ProgressRecord>(&record_)) {
    return apply_progress(record.offset, *progress);
  }
  if (const auto* end = std::get_if<transform::SnapshotEndRecord>(&record_)) {
    return open_gate(end->origin.source, record.offset);
  }
  if (const auto* emptied = std::get_if<transform::SweepRecord>(&record_)) {
    begin_sweep(record.offset, *emptied);
    return {};
  }
  return apply_part(record, std::get<transform::PartRecord>(record_));
}

// `offset` is what R4 looks at; `hold` is the first record that must stay in the log until the
// document is safe (of a group in parts: its first part).
template <class RecordType>
Result<void> PartitionTask::apply_rows(const RecordType& change, std::string_view root_key,
                                       Offset offset, Offset hold) {
  TAILRACE_ASSIGN(RootEntry* const root, load(root_key));
  sweep(*root);
  // What a change of the order itself asks for finds it waiting in the foreground.
  constexpr Urgency urgency = std::is_same_v<RecordType, transform::LookupRecord>
                                  ? Urgency::background
                                  : Urgency::foreground;
  const bool silent = offset < silent_below_;
  const RuleSwitches& rules = shared_.rules;
  const bool skip = offset < applied_ || (rules.skip_by_root && offset <= root->state.last());
  if (skip) {
    // R4: what it says is in the state already, but its document and lookups may be missing.
    if (silent || root->state.last() == transform::RootState::never) return {};
    mark_dirty(*root, offset, hold, urgency);
    if (rules.look_at_skipped) unchecked_.emplace_back(root, hold);
    return {};
  }
  const std::size_t cost = RootCache::cost(*root);
  if (root->holds.empty()) {
    for (const auto& [source, at] : horizon_)
      root->state.expire(shared_.plan, source, at.first, at.second);
    if (!rules.keep_tombstones) root->state.expire(shared_.plan, 0, 0xffff, 0);
  }
  std::vector<std::string> changed;
  const transform::Applied applied = root->state.apply(shared_.plan, change, offset, &changed);
  if (applied.visible) root->visible = offset;
  if constexpr (std::is_same_v<RecordType, transform::LookupRecord>) {
    for (const transform::LookupEntry& entry : change.entries) {
      const std::string key = transform::fragment_key(entry.node, entry.origin.source, entry.key);
      const auto asked = root->asked_from(key);
      if (asked != root->asked.end() && asked->key == key) asked->applied = true;
    }
    std::erase_if(root->asked, [](const AskedLookup& asked) { return asked.applied; });
  }
  add_edges(*root, changed);
  touch(*root);
  cache_.recount(cost, *root);
  if (silent) return {};
  mark_dirty(*root, offset, hold, urgency);
  if (applied.keys) unchecked_.emplace_back(root, hold);
  return {};
}

void PartitionTask::touch(RootEntry& root) {
  if (root.touched) return;
  root.touched = true;
  touched_.push_back(&root);
}

void PartitionTask::mark_dirty(RootEntry& root, Offset offset, Offset hold, Urgency urgency) {
  if (!gate_open_) {
    // During the first load nothing is shown; the state alone is recorded.
    note(root);
    return;
  }
  // Only a sweep may come to a root behind later records.
  auto place = root.holds.end();
  while (place != root.holds.begin() && std::prev(place)->first > offset) --place;
  root.holds.emplace(place, offset, hold);
  window_.hold(hold);
  if (!shared_.rules.hold_for_sinks) release_holds(root, offset + 1);
  for (std::size_t sink = 0; sink < root.sinks.size(); ++sink)
    listener_.dirty(*this, root, sink, urgency);
}

Result<void> PartitionTask::apply_part(const stream::Record& record,
                                       const transform::PartRecord& part) {
  const std::uint8_t source = part.origin.source;
  if (part.index == 0) {
    drop_parts(source);
    window_.hold(record.offset);
    parts_[source] =
        Parts{std::string(record.key), part.origin.base, record.offset, part.count, 0, {}};
  }
  const auto at = parts_.find(source);
  const bool expected = at != parts_.end() && at->second.base == part.origin.base &&
                        at->second.next == part.index && at->second.root == record.key;
  if (!expected)
    return {};  // the rest of a batch that was aborted; it comes again from its first part
  Parts& parts = at->second;
  parts.bytes.append(part.bytes);
  if (++parts.next < parts.count) return {};
  transform::ChangeRecord whole;
  TAILRACE_TRY(transform::decode(parts.bytes, whole));
  const auto* group = std::get_if<transform::GroupRecord>(&whole);
  if (group == nullptr) return halt("record.malformed", "a record in parts is not a group");
  TAILRACE_TRY(apply_rows(*group, parts.root, record.offset, parts.first));
  drop_parts(source);
  return {};
}

void PartitionTask::drop_parts(std::uint8_t source) {
  const auto at = parts_.find(source);
  if (at == parts_.end()) return;
  window_.release(at->second.first);
  parts_.erase(at);
}

Offset PartitionTask::first_part() const {
  Offset first = next_;
  for (const auto& [source, parts] : parts_) first = std::min(first, parts.first);
  return first;
}

Result<void> PartitionTask::apply_progress(Offset offset,
                                           const transform::ProgressRecord& progress) {
  if (progress.schema_version > shared_.schema_version) {
    return retry("schema.newer", "columns were added to mapped tables");
  }
  const std::uint8_t source = progress.origin.source;
  progress_.push_back({offset, source, std::string(progress.gtid_set)});
  // A group whose transaction was read to its end, but not the group, was lost with its server.
  const auto parts = parts_.find(source);
  if (parts != parts_.end() && parts->second.base < progress.origin.base) drop_parts(source);
  if (progress.committed_seq == 0) return {};
  auto& horizon = horizon_[source];
  horizon = std::max(horizon, std::pair(progress.origin.base.epoch, progress.committed_seq));
  return {};
}

Result<void> PartitionTask::open_gate(std::uint8_t source, Offset offset) {
  ended_.try_emplace(source, offset);
  if (gate_open_ || ended_.size() < shared_.sources) return {};
  gate_open_ = true;
  log_info("projector.first_load_complete",
           {{"document", shared_.plan.name}, {"partition", partition_}});
  return {};
}

Result<void> PartitionTask::finish_batch() {
  for (const auto& [root, held] : unchecked_) TAILRACE_TRY(want_all(*root, held));
  unchecked_.clear();
  cache_.evict();
  // Roots that are not written yet cannot leave the cache.
  const std::size_t limit = shared_.unwritten_limit;
  const std::size_t most = cache_.over_budget() ? limit / 4 : limit;
  const bool much = touched_.size() >= most || batch_.bytes() >= max_unwritten_bytes;
  return much ? flush_store() : Result<void>{};
}

Result<void> PartitionTask::flush_store() {
  for (RootEntry* root : touched_) {
    std::string bytes;
    bytes.reserve(root->state.memory_bytes() + 64);
    root->state.encode(bytes);
    batch_.put(Family::root, root->key, std::move(bytes));
    root->touched = false;
  }
  touched_.clear();
  // A group of which parts are still missing must be read again after a crash, and so must a sweep
  // that has not come to every root.
  Offset whole = first_part();
  if (!sweeps_.empty()) whole = std::min(whole, sweeps_.front()->offset);
  const Offset applied = std::max(applied_, whole);
  if (applied == applied_) return write_batch();
  std::string text;
  append_varint(text, static_cast<std::uint64_t>(applied));
  batch_.put(Family::meta, "applied", std::move(text));
  TAILRACE_TRY(write_batch());
  applied_ = applied;
  return {};
}

Result<void> PartitionTask::write_batch() {
  if (batch_.empty()) return {};
  TAILRACE_TRY(store_->write(batch_));
  batch_.clear();
  return {};
}

Result<void> PartitionTask::scan_store(Family family, std::string_view from,
                                       const transform::KeyValueStore::Visitor& visit) {
  TAILRACE_TRY(flush_store());
  return store_->scan(family, from, visit);
}

Result<bool> PartitionTask::background() {
  // What is replayed silently may register references: nothing is scanned before it is done (R18).
  if (stage_ != Stage::running || next_ < silent_below_) return false;
  TAILRACE_ASSIGN(bool busy, scan_some());
  TAILRACE_ASSIGN(const bool swept, sweep_some());
  busy = busy || swept;
  for (std::size_t sink = 0; sink < loads_.size(); ++sink) {
    TAILRACE_ASSIGN(const bool some, load_some(sink));
    busy = busy || some;
  }
  return busy;
}

// ------------------------------------------------------------------ commit

void PartitionTask::note(const RootEntry& root) {
  if (shared_.keeps_state) noted_.insert(root.key);
}

CommitMetadata PartitionTask::metadata(Offset committed) const {
  CommitMetadata metadata;
  metadata.generation = shared_.generation;
  metadata.owner = shared_.instance_id;
  metadata.marks = pending_count_ + dead_count_ > 0;
  for (std::size_t t = 0; t < shared_.view.tables(); ++t) {
    const auto table = static_cast<std::uint16_t>(t);
    if (!shared_.view.used(table)) continue;
    const auto scans = scans_.find(table);
    const bool none = scans == scans_.end() || scans->second.empty();
    metadata.posted[shared_.view.name(table)] =
        none ? shared_.view.position(table) : scans->second.front()->change.offset;
  }
  // Who goes on from an offset before a source's snapshot_end has not seen its rows whole.
  for (const auto& [source, offset] : ended_) {
    if (offset < committed) metadata.ended.insert(source);
  }
  for (std::size_t s = 0; s < loads_.size(); ++s) {
    metadata.loads[shared_.sinks[s]] = loads_[s] ? std::optional(loads_[s]->done) : std::nullopt;
  }
  return metadata;
}

bool PartitionTask::commit_owed() {
  if (stage_ != Stage::running || !in_commit_.empty()) return false;
  return !noted_.empty() || window_.low(next_) != committed_offset_ ||
         !(metadata(offset_to_commit()) == committed_metadata_);
}

// A replay below the commit never takes it back.
Offset PartitionTask::offset_to_commit() { return std::max(committed_offset_, window_.low(next_)); }

Result<void> PartitionTask::add_to_commit(stream::CommitBatch& batch) {
  TAILRACE_TRY(flush_store());
  // The log may forget what is below the commit: the store must not.
  if (!shared_.keeps_state) TAILRACE_TRY(store_->sync());
  commit_offset_under_way_ = offset_to_commit();
  metadata_under_way_ = metadata(commit_offset_under_way_);
  std::string bytes;
  for (const std::string& key : noted_) {
    bytes.clear();
    bool found = true;
    if (const RootEntry* const root = cache_.peek(key)) {
      root->state.encode(bytes);
    } else {
      TAILRACE_ASSIGN(found, store_->get(Family::root, key, bytes));
    }
    if (found)
      append_state_records(batch.state, {partition_, key, bytes}, shared_.state_chunk_bytes);
  }
  in_commit_.swap(noted_);
  noted_.clear();
  batch.offsets.push_back({partition_, {commit_offset_under_way_, metadata_under_way_.text()}});
  return {};
}

void PartitionTask::commit_done(bool success) {
  if (!success) {
    if (shared_.rules.keep_after_abort) noted_.insert(in_commit_.begin(), in_commit_.end());
    in_commit_.clear();
    return;
  }
  in_commit_.clear();
  ever_committed_ = true;
  committed_offset_ = commit_offset_under_way_;
  committed_metadata_ = metadata_under_way_;
  while (!progress_.empty() && progress_.front().offset < committed_offset_) {
    SeenProgress& seen = progress_.front();
    acknowledged_gtids_[seen.source] = std::move(seen.gtid_set);
    progress_.pop_front();
  }
}

PartitionTask::Progress PartitionTask::progress() const {
  Progress progress;
  progress.running = stage_ == Stage::running;
  progress.loaded =
      progress.running && gate_open_ &&
      std::none_of(loads_.begin(), loads_.end(), [](const auto& load) { return load.has_value(); });
  const bool scanning = std::any_of(scans_.begin(), scans_.end(),
                                    [](const auto& table) { return !table.second.empty(); });
  progress.settled =
      !scanning && sweeps_.empty() && tickets_.empty() && last_append_ < committed_offset_;
  progress.pending = pending_count_;
  progress.dead_letters = dead_count_;
  progress.gtid_sets = acknowledged_gtids_;
  return progress;
}

}  // namespace tailrace::engine
