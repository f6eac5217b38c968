#include "stream/kafka/committer.hpp"

#include <cstdlib>
#include <cstring>

#include "core/assert.hpp"
#include "core/log.hpp"

namespace tailrace::stream::kafka {

Committer::Committer(const ClientConfig& config, GroupOptions options, Wakeup& wakeup)
    : config_(config), options_(std::move(options)), wakeup_(wakeup) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Committer::~Committer() {
  thread_.request_stop();
  changed_.notify_all();
}

void Committer::begin(CommitBatch batch, GroupMetadata group) {
  {
    const std::lock_guard lock(mutex_);
    TAILRACE_ASSERT(!busy_);
    busy_ = true;
    job_.emplace(Job{std::move(batch), std::move(group)});
  }
  changed_.notify_all();
}

void Committer::refuse(Error error) {
  const std::lock_guard lock(mutex_);
  TAILRACE_ASSERT(!busy_);
  busy_ = true;
  outcome_ = Failure(std::move(error));
}

bool Committer::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

bool Committer::has_outcome() const {
  const std::lock_guard lock(mutex_);
  return outcome_.has_value();
}

std::optional<Result<void>> Committer::outcome(Deadline deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return outcome_.has_value() || !busy_; });
  if (!outcome_) return std::nullopt;
  busy_ = false;
  return std::exchange(outcome_, std::nullopt);
}

void Committer::run(const std::stop_token& stop) {
  // The first commit should not wait for the coordinator; an error comes back with that commit.
  static_cast<void>(open_producer());
  while (true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return job_.has_value(); })) break;
    const Job job = *std::exchange(job_, std::nullopt);
    lock.unlock();
    Result<void> outcome = commit(job);
    lock.lock();
    outcome_ = std::move(outcome);
    lock.unlock();
    changed_.notify_all();
    wakeup_.signal();
  }
  producer_.reset();
}

Result<void> Committer::open_producer() {
  if (producer_ && producer_->usable()) return {};
  producer_.reset();  // aborts what it had, before its successor asks the coordinator
  TAILRACE_ASSIGN(producer_,
                  TransactionalProducer::open(config_, {options_.group + "." + options_.instance_id,
                                                        config_.options().commit_timeout}));
  return {};
}

// Whatever goes wrong here is retry: nothing of it is visible, and whether this worker still has
// its place in the group is told by the group itself.
Result<void> Committer::commit(const Job& job) {
  const auto attempt = [&]() -> Result<void> {
    TAILRACE_TRY(open_producer());
    for (const StateRecord& record : job.batch.state) {
      std::optional<std::string_view> value;
      if (record.value) value = *record.value;
      TAILRACE_TRY(
          producer_->append({options_.state_topic, record.partition, record.key, value, {}}));
    }
    for (const Announcement& said : job.batch.announcements) {
      TAILRACE_TRY(producer_->append({said.topic, 0, said.key, said.value, {}}));
    }
    const PartitionList offsets = offsets_of(job.batch);
    if (offsets->cnt > 0) TAILRACE_TRY(producer_->send_offsets(*offsets, *job.group));
    return producer_->commit();
  };
  Result<void> outcome = attempt();
  if (outcome) return {};
  if (producer_ && producer_->usable()) producer_->abort();
  Error error = std::move(outcome).error();
  log_warn("kafka.commit_failed", {{"code", error.code}, {"message", error.message}});
  if (error.disposition == Disposition::halt && error.code == "log.fenced") {
    error.disposition = Disposition::retry;
  }
  return Failure(std::move(error));
}

PartitionList Committer::offsets_of(const CommitBatch& batch) const {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(batch.offsets.size())));
  for (const OffsetCommit& commit : batch.offsets) {
    rd_kafka_topic_partition_t* entry =
        rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), commit.partition);
    entry->offset = commit.committed.offset;
    const std::string& metadata = commit.committed.metadata;
    if (metadata.empty()) continue;
    entry->metadata = std::malloc(metadata.size());  // freed by the list
    TAILRACE_ASSERT(entry->metadata != nullptr);
    std::memcpy(entry->metadata, metadata.data(), metadata.size());
    entry->metadata_size = metadata.size();
  }
  return list;
}

}  // namespace tailrace::stream::kafka
