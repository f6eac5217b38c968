// Topics, records and commits of the embedded log in one RocksDB directory (storage_format.hpp).
// Offsets are given out and written under one lock, so that a reader who stops at the visible end
// never passes a hole that is filled later.
// Threading: every method from any thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <rocksdb/db.h>

#include "core/arena.hpp"
#include "stream/embedded/embedded_options.hpp"
#include "stream/embedded/write_set.hpp"

namespace tailrace::stream::embedded {

struct Topic {
  std::uint32_t id = 0;
  TopicSpec spec;
  std::vector<Offset> next;        // guarded by the write lock
  std::vector<Bounds> bounds;      // what readers see; guarded by the read lock
  // Committed offsets of the groups that read this topic; guarded by the write lock.
  std::map<std::string, std::vector<std::optional<Offset>>, std::less<>> groups;
};

// Names one writer; a newer one of the same name makes its writes fail.
struct WriterTicket {
  std::string name;
  std::uint64_t generation = 0;
};

// A reader's place in one partition.
struct Place {
  const Topic* topic = nullptr;
  Partition partition = 0;
  Offset position = 0;
};

// Records read and the bytes they point to.
struct RecordBuffer {
  Arena arena;
  std::vector<Record> records;
  std::size_t bytes = 0;

  void clear() {
    arena.reset();
    records.clear();
    bytes = 0;
  }
};

class LogStorage {
 public:
  static Result<std::unique_ptr<LogStorage>> open(const EmbeddedOptions& options);
  ~LogStorage();
  LogStorage(const LogStorage&) = delete;
  LogStorage& operator=(const LogStorage&) = delete;

  Result<void> ensure_topics(std::span<const TopicSpec> specs);
  // Error halt: no such topic or partition. The pointer lives as long as the storage.
  Result<Topic*> find(std::string_view topic, Partition partition);
  Bounds bounds(const Topic& topic, Partition partition) const;

  WriterTicket new_writer(std::string_view name);
  // All records or none; durable and visible when it returns. `writer`, if given, must be the
  // newest of its name. `offsets`, if given, gets one offset per record.
  Result<void> write(const WriteSet& set, const WriterTicket* writer, std::vector<Offset>* offsets);

  // True: one of the places has something to read. False: the deadline passed first.
  bool wait_for_records(std::span<const Place> places, Deadline deadline);
  // Adds records from `place` on until the buffer holds `max_bytes` or the end is reached; moves
  // the place. Error halt "log.out_of_range" when the place lies before the start.
  Result<void> read(Place& place, std::size_t max_bytes, RecordBuffer& buffer);

  // One live member per group. From now on trimming of this topic waits for the group's commits.
  Result<void> claim_group(Topic& topic, std::string_view group);
  void release_group(std::string_view group);
  Result<std::optional<Committed>> fetch_committed(const Topic& topic, Partition partition,
                                                   std::string_view group);
  // Durable when it returns; then drops the records that every group has passed.
  Result<void> commit(Topic& topic, std::string_view group, std::span<const OffsetCommit> offsets);

 private:
  using Family = std::unique_ptr<rocksdb::ColumnFamilyHandle>;
  // One atomic write and what becomes visible with it.
  struct Batch {
    rocksdb::WriteBatch writes;
    std::set<std::pair<Topic*, Partition>> grown;
    std::map<std::pair<Topic*, Partition>, Offset> starts;
    std::unordered_map<std::string, Offset> latest;  // of compacted keys in this batch
  };

  explicit LogStorage(const EmbeddedOptions& options) : options_(options) {}
  Result<void> open_database();
  Result<void> load();
  void load_entry(std::string_view key, std::string_view value);
  Topic* topic_by_id(std::uint32_t id);
  Result<void> create(const TopicSpec& spec);

  // All of these under the write lock.
  Result<void> add_record(Batch& batch, const WriteSet& set, const WriteSet::Entry& entry);
  Result<void> store(Batch& batch);  // durable, then visible
  Failure broken(const rocksdb::Status& status);
  void mark_time(Batch& batch);
  void trim_by_time(Batch& batch, Topic& topic, Partition partition, std::int64_t horizon_us);
  void trim_by_groups(Batch& batch, Topic& topic, Partition partition);
  void trim(Batch& batch, Topic& topic, Partition partition, Offset start);

  const EmbeddedOptions options_;
  std::unique_ptr<rocksdb::DB> db_;
  Family meta_, records_, keys_;

  std::mutex write_mutex_;  // gives out offsets; taken before read_mutex_
  std::map<std::string, std::uint64_t, std::less<>> writers_;
  std::set<std::string, std::less<>> claimed_groups_;
  std::int64_t marked_us_ = 0;  // when time marks were last set
  std::optional<Error> broken_;  // after a failed write nothing is known; only reading goes on

  mutable std::mutex read_mutex_;  // guards topics_ as a map and every Topic::bounds
  std::condition_variable grown_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
};

}  // namespace tailrace::stream::embedded
