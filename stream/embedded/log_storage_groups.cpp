#include <fmt/format.h>

#include "core/assert.hpp"
#include "stream/embedded/log_storage.hpp"

namespace tailrace::stream::embedded {
namespace {

constexpr std::int64_t marks_per_retention = 100;

std::int64_t microseconds(std::chrono::hours hours) {
  return std::chrono::duration_cast<std::chrono::microseconds>(hours).count();
}

}  // namespace

Result<void> LogStorage::claim_group(Topic& topic, std::string_view group) {
  const std::lock_guard lock(write_mutex_);
  if (claimed_groups_.contains(group)) {
    return halt("log.group_taken",
                fmt::format("group {} has a member already; the embedded log takes one worker a "
                            "document, Kafka takes several",
                            group));
  }
  if (!topic.groups.contains(group)) {
    Batch batch;
    batch.writes.Put(meta_.get(), meta_key('g', topic.id, 0).substr(0, 5).append(group), "");
    TAILRACE_TRY(store(batch));
    topic.groups[std::string(group)].resize(topic.next.size());
  }
  claimed_groups_.emplace(group);
  return {};
}

void LogStorage::release_group(std::string_view group) {
  const std::lock_guard lock(write_mutex_);
  claimed_groups_.erase(std::string(group));
}

Result<std::optional<Committed>> LogStorage::fetch_committed(const Topic& topic,
                                                             Partition partition,
                                                             std::string_view group) {
  std::string value;
  const rocksdb::Status found =
      db_->Get({}, meta_.get(), commit_key(topic.id, partition, group), &value);
  if (found.IsNotFound()) return std::optional<Committed>();
  if (!found.ok()) {
    return halt("log.storage", fmt::format("{}: {}", options_.path, found.ToString()));
  }
  ByteReader in(value);
  Committed committed;
  committed.offset = in.fixed<Offset>();
  committed.metadata = std::string(in.take(in.remaining()));
  return std::optional<Committed>(std::move(committed));
}

Result<void> LogStorage::commit(Topic& topic, std::string_view group,
                                std::span<const OffsetCommit> offsets) {
  const std::lock_guard lock(write_mutex_);
  const auto member = topic.groups.find(group);
  TAILRACE_ASSERT(member != topic.groups.end());
  Batch batch;
  for (const OffsetCommit& commit : offsets) {
    std::string value = offset_value(commit.committed.offset).append(commit.committed.metadata);
    batch.writes.Put(meta_.get(), commit_key(topic.id, commit.partition, group), value);
  }
  TAILRACE_TRY(store(batch));
  // Only now: what is trimmed below a commit must not go before the commit is durable.
  Batch trims;
  for (const OffsetCommit& commit : offsets) {
    member->second[static_cast<std::size_t>(commit.partition)] = commit.committed.offset;
    if (topic.spec.retention == Retention::by_time) {
      trim_by_groups(trims, topic, commit.partition);
    }
  }
  if (trims.starts.empty()) return {};
  return store(trims);
}

void LogStorage::trim_by_groups(Batch& batch, Topic& topic, Partition partition) {
  const auto p = static_cast<std::size_t>(partition);
  Offset passed = topic.next[p];
  for (const auto& [group, committed] : topic.groups) {
    passed = std::min(passed, committed[p].value_or(0));
  }
  if (passed - bounds(topic, partition).start >= options_.trim_records) {
    trim(batch, topic, partition, passed);
  }
}

// Events have no groups: their age is known by marks (time -> end at that time), set now and then.
void LogStorage::mark_time(Batch& batch) {
  const std::int64_t now_us = options_.clock->wall_us();
  const std::int64_t retention_us = microseconds(options_.retention);
  if (now_us - marked_us_ < retention_us / marks_per_retention && now_us >= marked_us_) return;
  marked_us_ = now_us;
  for (const auto& [name, topic] : topics_) {
    if (topic->spec.retention != Retention::by_time || !topic->groups.empty()) continue;
    for (Partition partition = 0; partition < topic->spec.partitions; ++partition) {
      trim_by_time(batch, *topic, partition, now_us - retention_us);
      std::string key = meta_key('m', topic->id, partition);
      append_big_endian(key, now_us);
      const Offset end = bounds(*topic, partition).end;
      batch.writes.Put(meta_.get(), key, offset_value(end));
    }
  }
}

void LogStorage::trim_by_time(Batch& batch, Topic& topic, Partition partition,
                              std::int64_t horizon_us) {
  const std::string first = meta_key('m', topic.id, partition);
  std::string last = first;
  append_big_endian(last, std::max<std::int64_t>(horizon_us, 0));
  const rocksdb::Slice upper(last);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, meta_.get()));
  Offset start = 0;
  for (it->Seek(first); it->Valid(); it->Next()) {
    const std::string_view value(it->value().data(), it->value().size());
    start = ByteReader(value).fixed<Offset>();
    batch.writes.Delete(meta_.get(), it->key());
  }
  if (start > bounds(topic, partition).start) trim(batch, topic, partition, start);
}

void LogStorage::trim(Batch& batch, Topic& topic, Partition partition, Offset start) {
  batch.writes.DeleteRange(records_.get(), record_key(topic.id, partition, 0),
                           record_key(topic.id, partition, start));
  batch.writes.Put(meta_.get(), meta_key('s', topic.id, partition), offset_value(start));
  batch.starts[{&topic, partition}] = start;
}

}  // namespace tailrace::stream::embedded
