// The ordered log between capture and projectors, and from us to other services. Two
// implementations: Kafka (several processes, several machines) and embedded (one process, RocksDB).
// Offsets rise in a partition and may have gaps. One contract suite (tests/unit/stream/
// event_log_contract.hpp) holds for both and for the fake.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace tailrace::stream {

using Offset = std::int64_t;
using Partition = std::int32_t;

struct Header {
  std::string_view name;
  std::string_view value;
};

// One record to write. The views are copied before the call returns.
struct Append {
  std::string_view topic;
  Partition partition = 0;
  std::string_view key;
  std::optional<std::string_view> value;  // nullopt: a tombstone of a compacted topic
  std::span<const Header> headers;
};

// One record read; the views live until the next poll of the same reader.
struct Record {
  Partition partition = 0;
  Offset offset = 0;
  std::string_view key;
  std::optional<std::string_view> value;
};

struct Bounds {
  Offset start = 0;  // first offset that is still there
  Offset end = 0;    // one past the last one (high watermark: open transactions included)
};

enum class Retention : std::uint8_t { by_time, compacted };
struct TopicSpec {
  std::string name;
  Partition partitions = 1;
  Retention retention = Retention::by_time;
};

// murmur2 of the key, as Java clients do it, modulo the number of partitions.
Partition partition_of(std::string_view key, Partition partitions);

// Capture's transactional producer. Threading: one thread.
class LogWriter {
 public:
  virtual ~LogWriter() = default;
  // Adds to the open transaction, which the first append begins. May block: back-pressure.
  virtual Result<void> append(const Append& record) = 0;
  // All appended since the last commit become visible to read_committed readers, or none.
  // Error retry: the transaction was aborted or its outcome is unknown; open a new writer, read the
  // saved position and go on from there. Error halt, code "log.fenced": a newer writer of the same
  // name exists; this process must end.
  virtual Result<void> commit() = 0;
};

enum class Isolation : std::uint8_t { read_committed, read_uncommitted };

// Reads one partition of a topic from a given offset, outside any group. Threading: one thread.
class TopicReader {
 public:
  virtual ~TopicReader() = default;
  // Waits until `deadline` for something to come; at most about 1 MiB at once.
  virtual Result<std::span<const Record>> poll(Deadline deadline) = 0;
  // Where the next record would be read; passes gaps and, for read_committed, aborted records.
  virtual Offset position() const = 0;
  virtual Result<Bounds> bounds() = 0;
};

// Told inside GroupMember::poll, on its thread.
class AssignmentListener {
 public:
  virtual ~AssignmentListener() = default;
  // Nothing is delivered from a partition before GroupMember::start was called for it. Empty: the
  // group has shared the partitions out, and there is nothing new for this member.
  virtual void on_assigned(std::span<const Partition> partitions) = 0;
  // `lost`: the group has given them to somebody else already; nothing can be committed any more.
  // Else a last commit is still possible inside this call. Afterwards they deliver nothing.
  virtual void on_revoked(std::span<const Partition> partitions, bool lost) = 0;
};

struct Committed {
  Offset offset = 0;
  std::string metadata;  // at most 4 KiB
};

struct StateRecord {
  Partition partition = 0;
  std::string key;
  std::optional<std::string> value;  // nullopt: remove
};
struct OffsetCommit {
  Partition partition = 0;
  Committed committed;
};
// Something for people or other programs, to partition 0 of any topic that exists.
struct Announcement {
  std::string topic;
  std::string key;
  std::string value;
};
// Becomes visible as a whole or not at all, and only if every partition's assignment still holds.
// (The embedded log may tell announcements again after a crash.)
struct CommitBatch {
  std::vector<StateRecord> state;  // to the state topic; dropped where keeps_state() is false
  std::vector<OffsetCommit> offsets;
  std::vector<Announcement> announcements = {};
};

struct AppendAck {
  std::uint64_t ticket = 0;
  Offset offset = 0;
};

// One worker of a consumer group over a change log, together with its state topic.
// Any error other than retry from restore/fetch_committed ends this member: destroy it, make a new
// one, take the partitions over again (crash-only). leave() tells no listener: commit before it.
// Threading: one thread, which must call poll regularly.
class GroupMember {
 public:
  virtual ~GroupMember() = default;

  // Delivers records of started partitions, read_uncommitted, in offset order per partition. May
  // return early with nothing: after an assignment, or when poll_commit or acknowledged has news.
  virtual Result<std::span<const Record>> poll(Deadline deadline, AssignmentListener& listener) = 0;

  // nullopt: never committed. Error retry "log.unstable": a transaction of an earlier owner is
  // still undecided; ask again.
  virtual Result<std::optional<Committed>> fetch_committed(Partition partition) = 0;
  virtual Result<Bounds> bounds(Partition partition) = 0;
  // Error halt "log.out_of_range": the offset lies before the log's start; never jumps.
  virtual Result<void> start(Partition partition, Offset offset) = 0;
  virtual Result<void> pause(Partition partition) = 0;  // keeps its place
  virtual Result<void> resume(Partition partition) = 0;

  // Reads the state topic of a partition, committed records only, up to the end it had (high
  // watermark) when called.
  // `each` gets every record in order (a later one of the same key replaces the earlier).
  using StateVisitor =
      std::function<void(std::string_view key, std::optional<std::string_view> value)>;
  virtual Result<void> restore(Partition partition, const StateVisitor& each) = 0;

  // A plain, idempotent append to the change log itself, visible without a commit. It goes, and its
  // acknowledgement comes, by acknowledged(), in any order. Tickets are unique in this member.
  virtual Result<std::uint64_t> append(Partition partition, std::string_view key,
                                       std::string_view value) = 0;
  virtual Result<std::vector<AppendAck>> acknowledged() = 0;

  // Starts a transaction of state records, offsets and metadata; one at a time.
  // It carries the group metadata of this assignment, so a partition that has left us is refused.
  virtual Result<void> begin_commit(CommitBatch batch) = 0;
  // May wait for the outcome until `deadline`. nullopt: still under way. Inside, an error retry:
  // refused or aborted, nothing of it is visible.
  virtual std::optional<Result<void>> poll_commit(Deadline deadline) = 0;

  // Leaves the group at once instead of after the session time-out.
  virtual void leave() noexcept = 0;
};

struct GroupOptions {
  std::string group;        // "<pipeline>.<document>"
  std::string instance_id;  // this worker, stable across restarts
  std::string topic;        // the change log
  std::string state_topic;  // empty or ignored where keeps_state() is false
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  // Whether state records are kept in the log, so that a worker without a local store can take a
  // partition over. Where false, the engine must sync its store before it commits.
  virtual bool keeps_state() const = 0;
  // Creates what is missing. Error halt "log.partitions": a topic exists with another count.
  virtual Result<void> ensure_topics(std::span<const TopicSpec> topics) = 0;
  // Fences every earlier writer of this name; returns when none of its transactions is pending.
  virtual Result<std::unique_ptr<LogWriter>> open_writer(std::string_view transactional_id) = 0;
  virtual Result<std::unique_ptr<TopicReader>> open_reader(std::string_view topic,
                                                           Partition partition, Offset from,
                                                           Isolation isolation) = 0;
  virtual Result<std::unique_ptr<GroupMember>> join(const GroupOptions& options) = 0;
  // Largest record value it takes; larger ones travel in parts.
  virtual std::size_t max_record_bytes() const = 0;
};

}  // namespace tailrace::stream
