#include "tests/fakes/fake_event_log.hpp"

#include <fmt/format.h>

#include "core/assert.hpp"
#include "tests/fakes/fake_broker.hpp"
#include "tests/fakes/fake_group_member.hpp"

namespace tailrace::fakes {

FakeEventLog::FakeEventLog(FakeLogOptions options)
    : broker_(std::make_unique<FakeBroker>(options)) {}
FakeEventLog::~FakeEventLog() = default;

bool FakeEventLog::keeps_state() const { return broker_->options.keeps_state; }
std::size_t FakeEventLog::max_record_bytes() const { return broker_->options.max_record_bytes; }

namespace {

class FakeWriter final : public stream::LogWriter {
 public:
  FakeWriter(FakeBroker& broker, std::string id, std::uint64_t generation)
      : broker_(broker), id_(std::move(id)), generation_(generation) {}

  ~FakeWriter() override {
    const std::lock_guard lock(broker_.mutex);
    if (fenced()) return;
    if (broker_.crash) {
      transaction().orphaned = true;
    } else {
      broker_.end(transaction(), TransactionState::aborted);
    }
  }

  Result<void> append(const stream::Append& record) override {
    const std::lock_guard lock(broker_.mutex);
    const auto failure = broker_.next_failure(LogCall::writer_append);
    if (failure && !failure->after_effect) return Failure(failure->error);
    if (fenced()) return fenced_error();
    TAILRACE_TRY(broker_.require(record.topic, record.partition));
    broker_.append(&transaction(), record);
    if (failure) return Failure(failure->error);
    return {};
  }

  Result<void> commit() override {
    const std::lock_guard lock(broker_.mutex);
    const auto failure = broker_.next_failure(LogCall::writer_commit);
    if (fenced()) return fenced_error();
    const bool aborts = failure && !failure->after_effect;
    broker_.end(transaction(), aborts ? TransactionState::aborted : TransactionState::committed);
    if (failure) return Failure(failure->error);
    return {};
  }

 private:
  OpenTransaction& transaction() { return broker_.transactions[id_]; }
  bool fenced() const { return broker_.writers.find(id_)->second != generation_; }
  Failure fenced_error() const {
    return halt("log.fenced", fmt::format("a newer writer of {} was opened", id_));
  }

  FakeBroker& broker_;
  const std::string id_;
  const std::uint64_t generation_;
};

class FakeReader final : public stream::TopicReader {
 public:
  struct Place {
    std::string topic;
    FakePartition& partition;
    Offset from;
    stream::Isolation isolation;
  };
  FakeReader(FakeBroker& broker, Place place)
      : broker_(broker), place_(std::move(place)), position_(place_.from) {}

  Result<std::span<const Record>> poll(Deadline deadline) override {
    std::unique_lock lock(broker_.mutex);
    if (const auto failure = broker_.next_failure(LogCall::reader_poll)) {
      return Failure(failure->error);
    }
    buffer_.clear();
    while (true) {
      if (position_ < place_.partition.start) {
        return halt("log.out_of_range", fmt::format("offset {} is gone, the log starts at {}",
                                                    position_, place_.partition.start));
      }
      place_.partition.read(
          {place_.isolation, broker_.records_per_poll, broker_.limit(place_.topic)}, position_,
          buffer_);
      if (!buffer_.records.empty()) return std::span<const Record>(buffer_.records);
      if (broker_.options.pass_time) broker_.options.pass_time(deadline);
      const bool late = !broker_.options.waits || system_clock().now() >= deadline;
      if (late) return std::span<const Record>(buffer_.records);
      broker_.wait(lock, deadline);
    }
  }
  Offset position() const override {
    const std::lock_guard lock(broker_.mutex);
    return position_;
  }
  Result<Bounds> bounds() override {
    const std::lock_guard lock(broker_.mutex);
    return Bounds{place_.partition.start, place_.partition.end()};
  }

 private:
  FakeBroker& broker_;
  const Place place_;
  Offset position_;
  FakeBuffer buffer_;
};

}  // namespace

Result<void> FakeEventLog::ensure_topics(std::span<const stream::TopicSpec> specs) {
  const std::lock_guard lock(broker_->mutex);
  if (const auto failure = broker_->next_failure(LogCall::ensure_topics)) {
    return Failure(failure->error);
  }
  for (const stream::TopicSpec& spec : specs) {
    const auto [entry, created] = broker_->topics.try_emplace(spec.name);
    FakeTopic& topic = entry->second;
    if (!created && topic.spec.partitions != spec.partitions) {
      return halt("log.partitions",
                  fmt::format("topic {} has {} partitions", spec.name, topic.spec.partitions));
    }
    if (!created) continue;
    topic.spec = spec;
    topic.partitions.resize(static_cast<std::size_t>(spec.partitions));
    for (Partition number = 0; number < spec.partitions; ++number) {
      topic.partitions[static_cast<std::size_t>(number)].number = number;
    }
  }
  return {};
}

Result<std::unique_ptr<stream::LogWriter>> FakeEventLog::open_writer(std::string_view id) {
  const std::lock_guard lock(broker_->mutex);
  if (const auto failure = broker_->next_failure(LogCall::open_writer)) {
    return Failure(failure->error);
  }
  const std::uint64_t generation = broker_->open_transactions(std::string(id));
  return std::make_unique<FakeWriter>(*broker_, std::string(id), generation);
}

Result<std::unique_ptr<stream::TopicReader>> FakeEventLog::open_reader(
    std::string_view topic, Partition partition, Offset from, stream::Isolation isolation) {
  const std::lock_guard lock(broker_->mutex);
  if (const auto failure = broker_->next_failure(LogCall::open_reader)) {
    return Failure(failure->error);
  }
  TAILRACE_ASSIGN(FakePartition * found, broker_->require(topic, partition));
  return std::make_unique<FakeReader>(
      *broker_, FakeReader::Place{std::string(topic), *found, from, isolation});
}

Result<std::unique_ptr<stream::GroupMember>> FakeEventLog::join(
    const stream::GroupOptions& options) {
  const std::lock_guard lock(broker_->mutex);
  if (const auto failure = broker_->next_failure(LogCall::join)) return Failure(failure->error);
  TAILRACE_TRY(broker_->require(options.topic, 0));
  FakeGroup& group = broker_->groups[options.group];
  group.partitions.resize(broker_->topics.find(options.topic)->second.partitions.size());
  const std::uint64_t number = ++broker_->last_member;
  const auto earlier = group.members.find(options.instance_id);
  if (earlier != group.members.end()) group.give_up(earlier->second);  // static membership
  group.members[options.instance_id] = number;
  group.share_out();
  return std::make_unique<FakeGroupMember>(*broker_, options, number);
}

void FakeEventLog::fail(LogCall call, int n, Error error, bool after_effect) {
  const std::lock_guard lock(broker_->mutex);
  const std::uint64_t at = broker_->counts[call] + static_cast<std::uint64_t>(n);
  broker_->scripts.emplace(call, FakeBroker::Script{at, std::move(error), after_effect});
}

std::uint64_t FakeEventLog::calls(LogCall call) const {
  const std::lock_guard lock(broker_->mutex);
  return broker_->counts[call];
}

void FakeEventLog::crash_on_destruction(bool crash) {
  const std::lock_guard lock(broker_->mutex);
  broker_->crash = crash;
}

void FakeEventLog::expel(std::string_view group, std::string_view instance_id) {
  const std::lock_guard lock(broker_->mutex);
  FakeGroup& found = broker_->groups.find(group)->second;
  const auto member = found.members.find(std::string(instance_id));
  if (member != found.members.end()) found.give_up(member->second);
  broker_->changed.notify_all();
}

void FakeEventLog::expire() {
  const std::lock_guard lock(broker_->mutex);
  for (auto& [id, transaction] : broker_->transactions) {
    if (transaction.orphaned) broker_->end(transaction, TransactionState::aborted);
  }
  for (const auto& [group, member] : broker_->dead_members) {
    broker_->groups.find(group)->second.give_up(member);
  }
  broker_->dead_members.clear();
  broker_->changed.notify_all();
}

void FakeEventLog::commit_takes_polls(int polls) {
  const std::lock_guard lock(broker_->mutex);
  broker_->commit_polls = polls;
}

void FakeEventLog::hold_acknowledgements(bool hold) {
  const std::lock_guard lock(broker_->mutex);
  broker_->hold_acks = hold;
}

void FakeEventLog::delay_appends(bool delay) {
  const std::lock_guard lock(broker_->mutex);
  broker_->delay_appends = delay;
}

bool FakeEventLog::deliver_append(std::uint64_t member) {
  const std::lock_guard lock(broker_->mutex);
  auto& waiting = broker_->delayed[member];
  if (waiting.empty()) return false;
  const FakeBroker::DelayedAppend append = std::move(waiting.front());
  waiting.pop_front();
  const Offset offset = broker_->find(append.topic, append.partition)->end();
  broker_->append(nullptr, {append.topic, append.partition, append.key, append.value, {}});
  broker_->acknowledgements[member].push_back({append.ticket, offset});
  return true;
}

void FakeEventLog::lose_appends(std::uint64_t member) {
  const std::lock_guard lock(broker_->mutex);
  broker_->delayed.erase(member);
}

void FakeEventLog::state_marks_late(bool late) {
  const std::lock_guard lock(broker_->mutex);
  broker_->late_marks = late;
}

void FakeEventLog::settle_state_marks() {
  const std::lock_guard lock(broker_->mutex);
  for (const auto& state : broker_->unmarked) *state = TransactionState::committed;
  broker_->unmarked.clear();
}

std::uint64_t FakeEventLog::member_of(std::string_view group, std::string_view instance_id) const {
  const std::lock_guard lock(broker_->mutex);
  const auto found = broker_->groups.find(group);
  if (found == broker_->groups.end()) return 0;
  const auto member = found->second.members.find(std::string(instance_id));
  return member == found->second.members.end() ? 0 : member->second;
}

void FakeEventLog::deafen(std::uint64_t member, bool deaf) {
  const std::lock_guard lock(broker_->mutex);
  if (deaf) {
    broker_->deaf.insert(member);
  } else {
    broker_->deaf.erase(member);
  }
}

void FakeEventLog::rejoin_deaf(std::string_view group, std::string_view instance_id,
                               std::uint64_t member) {
  const std::lock_guard lock(broker_->mutex);
  broker_->groups.find(group)->second.members[std::string(instance_id)] = member;
}

void FakeEventLog::limit_reading(std::string_view topic, std::optional<Offset> end) {
  const std::lock_guard lock(broker_->mutex);
  if (end) {
    broker_->limits[std::string(topic)] = *end;
  } else {
    broker_->limits.erase(std::string(topic));
  }
}

void FakeEventLog::set_records_per_poll(std::size_t records) {
  const std::lock_guard lock(broker_->mutex);
  broker_->records_per_poll = records;
}

void FakeEventLog::set_power_cut(std::function<bool()> is_cut) {
  const std::lock_guard lock(broker_->mutex);
  broker_->power_cut = std::move(is_cut);
}

void FakeEventLog::compact(std::string_view topic) {
  const std::lock_guard lock(broker_->mutex);
  const auto found = broker_->topics.find(topic);
  if (found == broker_->topics.end()) return;  // as a state topic of a log that keeps no state
  for (FakePartition& partition : found->second.partitions) {
    std::set<std::string_view> seen;
    for (auto record = partition.records.rbegin(); record != partition.records.rend(); ++record) {
      const bool settled =
          !record->transaction || *record->transaction == TransactionState::committed;
      if (record->mark || !settled) continue;
      if (!seen.insert(record->key).second) record->gone = true;
    }
  }
}

void FakeEventLog::trim(std::string_view topic, Partition partition, Offset start) {
  const std::lock_guard lock(broker_->mutex);
  broker_->find(topic, partition)->start = start;
}

std::vector<StoredRecord> FakeEventLog::records(std::string_view topic, Partition partition) const {
  const std::lock_guard lock(broker_->mutex);
  return broker_->find(topic, partition)->records;
}

Offset FakeEventLog::start_of(std::string_view topic, Partition partition) const {
  const std::lock_guard lock(broker_->mutex);
  return broker_->find(topic, partition)->start;
}

Offset FakeEventLog::last_record(std::string_view topic, Partition partition) const {
  const std::lock_guard lock(broker_->mutex);
  const FakePartition* found = broker_->find(topic, partition);
  Offset last = found == nullptr ? -1 : found->end() - 1;
  while (last >= 0 && found->records[static_cast<std::size_t>(last)].mark) --last;
  return last;
}

std::optional<Committed> FakeEventLog::committed(std::string_view group, std::string_view topic,
                                                 Partition partition) const {
  const std::lock_guard lock(broker_->mutex);
  const auto found = broker_->groups.find(group);
  if (found == broker_->groups.end()) return std::nullopt;
  const auto offsets = found->second.offsets.find({std::string(topic), partition});
  if (offsets == found->second.offsets.end()) return std::nullopt;
  return offsets->second.committed;
}

}  // namespace tailrace::fakes
