#include "stream/embedded/embedded_member.hpp"

#include <numeric>

#include <fmt/format.h>

#include "core/assert.hpp"

namespace tailrace::stream::embedded {
namespace {

constexpr std::size_t poll_bytes = std::size_t{1} << 20;
constexpr std::size_t append_bytes = std::size_t{1} << 20;

}  // namespace

EmbeddedMember::EmbeddedMember(LogStorage& storage, Topic& topic, std::string group)
    : storage_(storage), topic_(topic), group_(std::move(group)) {}

EmbeddedMember::~EmbeddedMember() { leave(); }

void EmbeddedMember::leave() noexcept {
  if (left_) return;
  left_ = true;
  partitions_.clear();
  storage_.release_group(group_);
}

EmbeddedMember::Assigned& EmbeddedMember::at(Partition partition) {
  TAILRACE_ASSERT(partition >= 0 && static_cast<std::size_t>(partition) < partitions_.size());
  return partitions_[static_cast<std::size_t>(partition)];
}

// True: the listener was told just now.
bool EmbeddedMember::assign(AssignmentListener& listener) {
  if (joined_) return false;
  joined_ = true;
  partitions_.resize(static_cast<std::size_t>(topic_.spec.partitions));
  std::vector<Partition> all(partitions_.size());
  std::iota(all.begin(), all.end(), 0);
  for (const Partition partition : all) at(partition).place = {&topic_, partition, 0};
  listener.on_assigned(all);
  return true;
}

Result<std::span<const Record>> EmbeddedMember::poll(Deadline deadline,
                                                     AssignmentListener& listener) {
  buffer_.clear();
  TAILRACE_TRY(flush_appends());
  const bool assigned_now = assign(listener);
  while (buffer_.records.empty()) {
    waiting_.clear();
    for (const Assigned& assigned : partitions_) {
      if (assigned.started && !assigned.paused) waiting_.push_back(assigned.place);
    }
    if (assigned_now && waiting_.empty()) break;  // the caller will want to start them
    if (!storage_.wait_for_records(waiting_, deadline)) break;
    TAILRACE_TRY(read_started());
  }
  return std::span<const Record>(buffer_.records);
}

// A full partition must not starve the others: each poll begins with another one.
Result<void> EmbeddedMember::read_started() {
  next_ = (next_ + 1) % partitions_.size();
  for (std::size_t i = 0; i < partitions_.size() && buffer_.bytes < poll_bytes; ++i) {
    Assigned& assigned = partitions_[(next_ + i) % partitions_.size()];
    if (!assigned.started || assigned.paused) continue;
    TAILRACE_TRY(storage_.read(assigned.place, poll_bytes, buffer_));
  }
  return {};
}

Result<std::optional<Committed>> EmbeddedMember::fetch_committed(Partition partition) {
  return storage_.fetch_committed(topic_, partition, group_);
}

Result<Bounds> EmbeddedMember::bounds(Partition partition) {
  return storage_.bounds(topic_, partition);
}

Result<void> EmbeddedMember::start(Partition partition, Offset offset) {
  const Bounds bounds = storage_.bounds(topic_, partition);
  if (offset < bounds.start || offset > bounds.end) {
    return halt("log.out_of_range",
                fmt::format("{}/{}: offset {} is not in the log, which holds {} to {}",
                            topic_.spec.name, partition, offset, bounds.start, bounds.end));
  }
  Assigned& assigned = at(partition);
  assigned.place.position = offset;
  assigned.started = true;
  assigned.paused = false;
  return {};
}

Result<void> EmbeddedMember::pause(Partition partition) {
  at(partition).paused = true;
  return {};
}

Result<void> EmbeddedMember::resume(Partition partition) {
  at(partition).paused = false;
  return {};
}

Result<void> EmbeddedMember::restore(Partition, const StateVisitor&) { return {}; }

Result<std::uint64_t> EmbeddedMember::append(Partition partition, std::string_view key,
                                             std::string_view value) {
  TAILRACE_ASSERT(partition >= 0 && partition < topic_.spec.partitions);
  const std::uint64_t ticket = first_ticket_ + appends_.entries().size();
  appends_.add(&topic_, {topic_.spec.name, partition, key, value, {}});
  if (appends_.bytes() >= append_bytes) TAILRACE_TRY(flush_appends());
  return ticket;
}

Result<void> EmbeddedMember::flush_appends() {
  if (appends_.empty()) return {};
  std::vector<Offset> offsets;
  TAILRACE_TRY(storage_.write(appends_, nullptr, &offsets));
  for (const Offset offset : offsets) acks_.push_back({first_ticket_++, offset});
  appends_.clear();
  return {};
}

Result<std::vector<AppendAck>> EmbeddedMember::acknowledged() {
  TAILRACE_TRY(flush_appends());
  return std::exchange(acks_, {});
}

Result<void> EmbeddedMember::begin_commit(CommitBatch batch) {
  TAILRACE_ASSERT(!outcome_);
  if (left_) return halt("log.left", fmt::format("this worker has left group {}", group_));
  TAILRACE_TRY(flush_appends());
  TAILRACE_TRY(announce(batch.announcements));
  outcome_ = storage_.commit(topic_, group_, batch.offsets);
  return {};
}

Result<void> EmbeddedMember::announce(std::span<const Announcement> announcements) {
  if (announcements.empty()) return {};
  WriteSet set;
  for (const Announcement& said : announcements) {
    TAILRACE_ASSIGN(Topic * topic, storage_.find(said.topic, 0));
    set.add(topic, {said.topic, 0, said.key, said.value, {}});
  }
  return storage_.write(set, nullptr, nullptr);
}

std::optional<Result<void>> EmbeddedMember::poll_commit(Deadline) {
  return std::exchange(outcome_, std::nullopt);
}

}  // namespace tailrace::stream::embedded
