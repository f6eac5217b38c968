// Taking a partition over: R10, R17, R18, R19.
#include <fmt/format.h>

#include "core/log.hpp"
#include "engine/partition.hpp"
#include "engine/state_records.hpp"

namespace tailrace::engine {

using transform::Family;

namespace {

const std::string applied_key = "applied";
const std::string log_id_key = "log_id";

std::string varint_text(std::uint64_t number) {
  std::string out;
  append_varint(out, number);
  return out;
}

}  // namespace

PartitionTask::PartitionTask(stream::Partition partition, std::uint64_t assignment,
                             PartitionShared& shared, DirtyListener& listener)
    : partition_(partition),
      assignment_(assignment),
      shared_(shared),
      listener_(listener),
      cache_(shared.sinks.size(), shared.cache_bytes),
      loads_(shared.sinks.size()),
      pending_cursor_(shared.sinks.size()) {}

Result<void> PartitionTask::take_over() {
  if (stage_ == Stage::fetching) TAILRACE_TRY(fetch());
  if (stage_ != Stage::barrier) return {};
  TAILRACE_ASSIGN(const bool reached, barrier_reached());
  if (!reached) return {};
  TAILRACE_TRY(post_between());
  return begin_reading();
}

// First the committed offset, then the state (R17).
Result<void> PartitionTask::fetch() {
  auto committed = shared_.member->fetch_committed(partition_);
  if (!committed) {
    // An earlier owner's transaction is undecided: ask again in the next step.
    if (committed.error().disposition == Disposition::retry) return {};
    return Failure(committed.error());
  }
  TAILRACE_ASSIGN(const stream::Bounds bounds, shared_.member->bounds(partition_));
  ever_committed_ = committed->has_value();
  if (ever_committed_) {
    committed_offset_ = (*committed)->offset;
    TAILRACE_ASSIGN(committed_metadata_, CommitMetadata::parse((*committed)->metadata));
  }
  if (committed_offset_ < bounds.start) {
    return halt(
        "projector.log_lost",
        fmt::format(
            "partition {} was read up to offset {}, but its log now begins at {}: changes in "
            "between are gone. Build the documents anew (new pipeline name) and give the "
            "change log a longer retention",
            partition_, committed_offset_, bounds.start));
  }
  for (const std::uint8_t source : committed_metadata_.ended) ended_.emplace(source, -1);
  gate_open_ = ended_.size() >= shared_.sources || !shared_.rules.wait_for_first_load;
  TAILRACE_TRY(open_store());
  next_ = committed_offset_;
  taken_at_ = bounds.end;
  // Marks live in the state topic only as far as another worker set them.
  const bool foreign_marks =
      shared_.keeps_state && committed_metadata_.marks &&
      (committed_metadata_.owner != shared_.instance_id || applied_ < committed_offset_);
  if (foreign_marks) {
    TAILRACE_ASSIGN(const bool restored, restore());
    if (!restored) return {};
  } else if (applied_ < committed_offset_) {
    if (!shared_.keeps_state) {
      return halt(
          "state.behind",
          fmt::format(
              "the local store of partition {} is older than its log ({} < {}): state.dir was "
              "partly restored or deleted; delete it as a whole to build the documents anew",
              partition_, applied_, committed_offset_));
    }
    const bool held = applied_ >= bounds.start && applied_ > 0;
    if (!shared_.rules.replay_behind) {
      applied_ = committed_offset_;
    } else if (held || !shared_.rules.restore_over_gap) {
      silent_below_ = committed_offset_;
      next_ = std::max(applied_, bounds.start);
    } else {
      TAILRACE_ASSIGN(const bool restored, restore());
      if (!restored) return {};
    }
  }
  stage_ = Stage::barrier;
  return {};
}

Result<void> PartitionTask::open_store() {
  store_.reset();  // it is open already when a restore is tried once more
  batch_.clear();
  auto opened = shared_.stores.open(store_name());
  if (!opened && opened.error().code != "state.corrupt") return Failure(opened.error());
  const bool readable = opened.has_value();
  std::string log_id;
  bool known = false;
  if (readable) {
    store_ = std::move(*opened);
    TAILRACE_ASSIGN(known, store_->get(Family::meta, log_id_key, log_id));
  }
  store_is_new_ = readable && !known;
  if (!readable || (known && log_id != shared_.log_id)) {
    log_warn("projector.store_discarded",
             {{"partition", partition_}, {"why", readable ? "another log" : "corrupt"}});
    TAILRACE_TRY(renew_store());
  }
  batch_.put(Family::meta, log_id_key, shared_.log_id);
  TAILRACE_TRY(write_batch());
  std::string text;
  TAILRACE_ASSIGN(const bool found, store_->get(Family::meta, applied_key, text));
  applied_ = found ? static_cast<Offset>(ByteReader(text).varint()) : 0;
  return count_pending();
}

std::string PartitionTask::store_name() const {
  return shared_.store_prefix + std::to_string(partition_);
}

Result<void> PartitionTask::renew_store() {
  store_.reset();
  TAILRACE_TRY(shared_.stores.remove(store_name()));
  TAILRACE_ASSIGN(store_, shared_.stores.open(store_name()));
  store_is_new_ = true;
  return {};
}

// Marks of sinks that the file no longer names do not count.
Result<void> PartitionTask::count_pending() {
  pending_count_ = dead_count_ = 0;
  for (std::size_t sink = 0; sink < shared_.sinks.size(); ++sink) {
    const std::string prefix = pending_key(sink, "");
    TAILRACE_TRY(
        store_->scan(Family::pending, prefix, [&](std::string_view key, std::string_view value) {
          if (!key.starts_with(prefix)) return false;
          ++(value == "dead" ? dead_count_ : pending_count_);
          return true;
        }));
  }
  return {};
}

void PartitionTask::put_restored(std::string_view key, std::string_view bytes,
                                 const transform::RootState& state) {
  std::vector<transform::Reference> references;
  transform::direct_references_of(shared_.plan, state, references);
  add_edges_of(key, references, batch_);
  // A later record of the root replaces the marks of an earlier one.
  for (std::size_t sink = 0; sink < shared_.sinks.size(); ++sink) {
    batch_.remove(Family::pending, pending_key(sink, key));
  }
  for (const transform::PendingMark& mark : state.pending()) {
    batch_.put(Family::pending, mark.sink + '\0' + std::string(key),
               mark.dead_letter ? "dead" : "away");
  }
  batch_.put(Family::root, std::string(key), std::string(bytes));
}

// The state topic holds every root as of the commit or later (R15). False: it has an undecided
// transaction; both it and the commit must be read again.
Result<bool> PartitionTask::restore() {
  // Making one again that was made just now would cost the partition a pause.
  if (!store_is_new_) {
    TAILRACE_TRY(renew_store());
    batch_.put(Family::meta, log_id_key, shared_.log_id);
  }
  store_is_new_ = false;
  Result<void> outcome;
  std::uint64_t roots = 0;
  StateAssembler assembler(shared_.plan.key_parts());
  const auto take = [&](std::string_view key, std::optional<std::string_view> value) {
    if (!outcome) return;
    const auto whole = assembler.add(key, value);
    if (!whole) return;
    auto state = transform::RootState::decode(whole->second);
    if (!state) {
      outcome = Failure(state.error());
      return;
    }
    put_restored(whole->first, whole->second, *state);
    ++roots;
    if (batch_.bytes() > (4u << 20)) outcome = write_batch();
  };
  const auto read = shared_.member->restore(partition_, take);
  if (!read && read.error().disposition == Disposition::retry) return false;
  TAILRACE_TRY(read);
  TAILRACE_TRY(outcome);
  applied_ = committed_offset_;
  batch_.put(Family::meta, applied_key, varint_text(static_cast<std::uint64_t>(applied_)));
  TAILRACE_TRY(write_batch());
  TAILRACE_TRY(count_pending());
  log_info("projector.restored", {{"partition", partition_}, {"roots", roots}});
  return true;
}

Result<bool> PartitionTask::barrier_reached() {
  if (!shared_.rules.wait_at_barrier) return true;
  for (std::size_t t = 0; t < shared_.view.tables(); ++t) {
    const auto table = static_cast<std::uint16_t>(t);
    if (!shared_.view.used(table)) continue;
    const auto posted = committed_metadata_.posted.find(shared_.view.name(table));
    if (posted != committed_metadata_.posted.end() && shared_.view.position(table) < posted->second)
      return false;
  }
  return true;
}

// The view may be ahead of what this partition was told: tell it (R10).
Result<void> PartitionTask::post_between() {
  if (!shared_.rules.post_between) return {};
  for (std::size_t t = 0; t < shared_.view.tables(); ++t) {
    const auto table = static_cast<std::uint16_t>(t);
    if (!shared_.view.used(table)) continue;
    const auto posted = committed_metadata_.posted.find(shared_.view.name(table));
    const Offset from = posted == committed_metadata_.posted.end() ? 0 : posted->second;
    // A partition that never had a root has no references to scan.
    if (!ever_committed_ && applied_ == 0) continue;
    TAILRACE_TRY(shared_.view.replay(table, from,
                                     [&](const LookupChangeSeen& change) { return post(change); }));
  }
  return {};
}

void PartitionTask::begin_loads_of_new_sinks() {
  for (std::size_t s = 0; s < shared_.sinks.size(); ++s) {
    const auto at = committed_metadata_.loads.find(shared_.sinks[s]);
    const bool same = committed_metadata_.generation == shared_.generation;
    // A new sink, or all under a new generation: everything goes to it. So it does once a shard
    // that was added has been read: until then no change is shown.
    if (at == committed_metadata_.loads.end() || !same || !gate_open_) {
      loads_[s].emplace();
    } else if (at->second) {
      loads_[s].emplace();
      loads_[s]->done = loads_[s]->next = *at->second;
    }
  }
}

Result<void> PartitionTask::begin_reading() {
  begin_loads_of_new_sinks();
  TAILRACE_TRY(shared_.member->start(partition_, next_));
  stage_ = Stage::running;
  log_info("projector.partition_taken", {{"document", shared_.plan.name},
                                         {"partition", partition_},
                                         {"offset", next_},
                                         {"applied", applied_}});
  return {};
}

}  // namespace tailrace::engine
