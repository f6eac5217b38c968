#include "tests/fakes/fake_group_member.hpp"

#include <fmt/format.h>

#include "core/assert.hpp"

namespace tailrace::fakes {

FakeGroupMember::FakeGroupMember(FakeBroker& broker, stream::GroupOptions options,
                                 std::uint64_t number)
    : broker_(broker),
      options_(std::move(options)),
      number_(number),
      generation_(broker.open_transactions(transactional_id())) {}

FakeGroupMember::~FakeGroupMember() {
  const std::lock_guard lock(broker_.mutex);
  if (!broker_.crash) {
    leave_locked();
    return;
  }
  if (left_) return;
  broker_.dead_members.emplace_back(options_.group, number_);
  if (!replaced()) broker_.transactions[transactional_id()].orphaned = true;
}

void FakeGroupMember::leave() noexcept {
  const std::lock_guard lock(broker_.mutex);
  leave_locked();
}

void FakeGroupMember::leave_locked() {
  if (left_) return;
  left_ = true;
  mine_.clear();
  group().give_up(number_);
  if (!replaced()) broker_.end(broker_.transactions[transactional_id()], TransactionState::aborted);
  broker_.changed.notify_all();
}

// A newer member of the same instance id has taken its place.
bool FakeGroupMember::replaced() { return broker_.writers[transactional_id()] != generation_; }

bool FakeGroupMember::may_commit(Partition partition) {
  const LogRules& rules = broker_.options.rules;
  if (!rules.fence_commits) return true;
  if (replaced()) return false;
  if (still_mine(partition)) return true;
  const auto alive = group().members.find(options_.instance_id);
  return !rules.fence_by_assignment && alive != group().members.end() && alive->second == number_;
}

bool FakeGroupMember::still_mine(Partition partition) {
  const auto mine = mine_.find(partition);
  if (mine == mine_.end()) return false;
  const FakeGroup::Owned& owned = group().partitions[static_cast<std::size_t>(partition)];
  return owned.owner == number_ && owned.assignment == mine->second.assignment;
}

void FakeGroupMember::tell_revoked(std::unique_lock<std::mutex>& lock,
                                   stream::AssignmentListener& listener, bool lost) {
  std::vector<Partition> partitions;
  for (const auto& [partition, mine] : mine_) {
    const bool stays = group().partitions[static_cast<std::size_t>(partition)].target == number_;
    if (lost ? !still_mine(partition) : still_mine(partition) && !stays) {
      partitions.push_back(partition);
    }
  }
  if (partitions.empty()) return;
  lock.unlock();
  listener.on_revoked(partitions, lost);
  lock.lock();
  for (const Partition partition : partitions) {
    FakeGroup::Owned& owned = group().partitions[static_cast<std::size_t>(partition)];
    if (still_mine(partition)) {
      owned.owner = 0;
      ++owned.assignment;
    }
    mine_.erase(partition);
  }
  broker_.changed.notify_all();
}

// True: the listener got new partitions.
bool FakeGroupMember::rebalance(std::unique_lock<std::mutex>& lock,
                                stream::AssignmentListener& listener) {
  tell_revoked(lock, listener, true);
  if (group().members.try_emplace(options_.instance_id, number_).second) group().share_out();
  tell_revoked(lock, listener, false);
  std::vector<Partition> partitions;
  for (std::size_t i = 0; i < group().partitions.size(); ++i) {
    FakeGroup::Owned& owned = group().partitions[i];
    if (owned.owner != 0 || owned.target != number_) continue;
    owned.owner = number_;
    const auto partition = static_cast<Partition>(i);
    mine_[partition] = Mine{++owned.assignment};
    const FakePartition* state = broker_.find(options_.state_topic, partition);
    if (state != nullptr) mine_[partition].state_end = state->end();
    partitions.push_back(partition);
  }
  if (partitions.empty() && told_) return false;
  told_ = true;
  lock.unlock();
  listener.on_assigned(partitions);
  lock.lock();
  return !partitions.empty();
}

Result<std::span<const Record>> FakeGroupMember::poll(Deadline deadline,
                                                      stream::AssignmentListener& listener) {
  std::unique_lock lock(broker_.mutex);
  if (const auto failure = broker_.next_failure(LogCall::member_poll)) {
    return Failure(failure->error);
  }
  buffer_.clear();
  const bool deaf = broker_.deaf.contains(number_);
  while (!left_) {
    if (!deaf && replaced()) {
      return halt("log.fenced",
                  fmt::format("another worker has joined as {}", options_.instance_id));
    }
    const bool assigned_now = !deaf && rebalance(lock, listener);
    TAILRACE_TRY(read_started());
    const bool late = !broker_.options.waits || system_clock().now() >= deadline;
    if (!buffer_.records.empty() || late || assigned_now) break;
    broker_.wait(lock, deadline);
  }
  return std::span<const Record>(buffer_.records);
}

Result<void> FakeGroupMember::read_started() {
  for (auto& [number, mine] : mine_) {
    if (!mine.started || mine.paused) continue;
    const FakePartition& partition = *broker_.find(options_.topic, number);
    if (mine.position < partition.start && !broker_.options.rules.stop_out_of_range) {
      mine.position = partition.start;
    }
    if (mine.position < partition.start) {
      return halt("log.out_of_range",
                  fmt::format("offset {} of partition {} is gone", mine.position, number));
    }
    partition.read({stream::Isolation::read_uncommitted, broker_.records_per_poll,
                    broker_.limit(options_.topic)},
                   mine.position, buffer_);
  }
  return {};
}

Result<std::optional<Committed>> FakeGroupMember::fetch_committed(Partition partition) {
  const std::lock_guard lock(broker_.mutex);
  if (const auto failure = broker_.next_failure(LogCall::fetch_committed)) {
    return Failure(failure->error);
  }
  const FakeOffsets& offsets = group().offsets[{options_.topic, partition}];
  const bool pending = offsets.pending && *offsets.pending == TransactionState::open;
  if (pending && broker_.options.rules.require_stable) {
    return retry("log.unstable", "a transaction of an earlier owner is undecided");
  }
  return offsets.committed;
}

Result<Bounds> FakeGroupMember::bounds(Partition partition) {
  const std::lock_guard lock(broker_.mutex);
  if (const auto failure = broker_.next_failure(LogCall::bounds)) return Failure(failure->error);
  const FakePartition& found = *broker_.find(options_.topic, partition);
  return Bounds{found.start, found.end()};
}

Result<void> FakeGroupMember::start(Partition partition, Offset offset) {
  const std::lock_guard lock(broker_.mutex);
  if (const auto failure = broker_.next_failure(LogCall::start)) return Failure(failure->error);
  const FakePartition& found = *broker_.find(options_.topic, partition);
  if (offset < found.start || offset > found.end()) {
    return halt("log.out_of_range", fmt::format("offset {} is not in the log, which holds {} to {}",
                                                offset, found.start, found.end()));
  }
  const auto mine = mine_.find(partition);
  TAILRACE_ASSERT(mine != mine_.end());
  mine->second.position = offset;
  mine->second.started = true;
  mine->second.paused = false;
  return {};
}

Result<void> FakeGroupMember::pause(Partition partition) {
  const std::lock_guard lock(broker_.mutex);
  if (const auto mine = mine_.find(partition); mine != mine_.end()) mine->second.paused = true;
  return {};
}

Result<void> FakeGroupMember::resume(Partition partition) {
  const std::lock_guard lock(broker_.mutex);
  if (const auto mine = mine_.find(partition); mine != mine_.end()) mine->second.paused = false;
  return {};
}

Result<void> FakeGroupMember::restore(Partition partition, const StateVisitor& each) {
  FakeBuffer state;
  {
    const std::lock_guard lock(broker_.mutex);
    if (const auto failure = broker_.next_failure(LogCall::restore)) return Failure(failure->error);
    if (!broker_.options.keeps_state) return {};
    TAILRACE_ASSIGN(FakePartition * found, broker_.require(options_.state_topic, partition));
    const LogRules& rules = broker_.options.rules;
    if (rules.to_high_watermark && found->last_stable() < found->end()) {
      return retry("log.unstable", "a transaction in the state topic is undecided");
    }
    const auto isolation = rules.restore_committed ? stream::Isolation::read_committed
                                                   : stream::Isolation::read_uncommitted;
    const std::optional<Offset> end =
        rules.state_after_offset ? std::nullopt : std::optional(mine_[partition].state_end);
    Offset position = found->start;
    found->read({isolation, found->records.size(), end}, position, state);
  }
  for (const Record& record : state.records) each(record.key, record.value);
  return {};
}

Result<std::uint64_t> FakeGroupMember::append(Partition partition, std::string_view key,
                                              std::string_view value) {
  const std::lock_guard lock(broker_.mutex);
  const auto failure = broker_.next_failure(LogCall::append);
  if (failure && !failure->after_effect) return Failure(failure->error);
  TAILRACE_ASSIGN(FakePartition * found, broker_.require(options_.topic, partition));
  ++last_ticket_;
  if (broker_.delay_appends) {
    broker_.delayed[number_].push_back(
        {last_ticket_, options_.topic, partition, std::string(key), std::string(value)});
  } else {
    broker_.acknowledgements[number_].push_back({last_ticket_, found->end()});
    broker_.append(nullptr, {options_.topic, partition, key, value, {}});
  }
  if (failure) return Failure(failure->error);
  return last_ticket_;
}

Result<std::vector<stream::AppendAck>> FakeGroupMember::acknowledged() {
  const std::lock_guard lock(broker_.mutex);
  if (const auto failure = broker_.next_failure(LogCall::acknowledged)) {
    return Failure(failure->error);
  }
  if (broker_.hold_acks) return std::vector<stream::AppendAck>();
  return std::exchange(broker_.acknowledgements[number_], {});
}

Result<void> FakeGroupMember::begin_commit(stream::CommitBatch batch) {
  const std::lock_guard lock(broker_.mutex);
  TAILRACE_ASSERT(!committing_);
  if (const auto failure = broker_.next_failure(LogCall::begin_commit)) {
    return Failure(failure->error);
  }
  committing_ = true;
  polls_left_ = broker_.commit_polls;
  refused_.reset();
  OpenTransaction& transaction = broker_.transactions[transactional_id()];
  for (const stream::OffsetCommit& commit : batch.offsets) {
    if (may_commit(commit.partition)) continue;
    if (!broker_.options.rules.fence_metadata) {
      auto& known = group().offsets[{options_.topic, commit.partition}].committed;
      if (known) known->metadata = commit.committed.metadata;
    }
    refused_ = retry("log.commit_refused", "a partition belongs to another member").value();
    return {};
  }
  if (broker_.options.keeps_state) {
    for (const stream::StateRecord& record : batch.state) {
      broker_.append(&transaction,
                     {options_.state_topic, record.partition, record.key, record.value, {}});
    }
  }
  for (const stream::Announcement& said : batch.announcements) {
    broker_.append(&transaction, {said.topic, 0, said.key, said.value, {}});
  }
  for (stream::OffsetCommit& commit : batch.offsets) {
    FakeOffsets& offsets = group().offsets[{options_.topic, commit.partition}];
    offsets.pending = transaction.state;
    transaction.offsets.emplace_back(&offsets, std::move(commit.committed));
  }
  return {};
}

std::optional<Result<void>> FakeGroupMember::poll_commit(Deadline) {
  const std::lock_guard lock(broker_.mutex);
  if (!committing_) return std::nullopt;
  if (polls_left_-- > 0) return std::nullopt;
  committing_ = false;
  const auto failure = broker_.next_failure(LogCall::poll_commit);
  if (refused_) return Failure(*refused_);
  if (broker_.options.rules.fence_commits && replaced()) {
    return retry("log.commit_refused", "another worker has taken this one's place");
  }
  const bool aborts = failure && !failure->after_effect;
  broker_.end(broker_.transactions[transactional_id()],
              aborts ? TransactionState::aborted : TransactionState::committed);
  if (failure) return Failure(failure->error);
  return Result<void>();
}

}  // namespace tailrace::fakes
