// One worker of a consumer group. Two sides: a group consumer that only holds the membership (it
// fetches nothing), and one fetch per started partition. poll also returns, empty, when there is
// something for poll_commit or acknowledged to give.
// Threading: one thread; commits run on the committer's.
#pragma once

#include <map>

#include "stream/kafka/appender.hpp"
#include "stream/kafka/committer.hpp"
#include "stream/kafka/group_offsets.hpp"
#include "stream/kafka/group_watch.hpp"
#include "stream/kafka/partition_fetch.hpp"

namespace tailrace::stream::kafka {

// What members need of the log they came from.
struct MemberContext {
  const ClientConfig& config;
  FetchPool& changes;  // read_uncommitted
  FetchPool& state;    // read_committed
};

class KafkaMember final : public GroupMember {
 public:
  static Result<std::unique_ptr<KafkaMember>> join(const MemberContext& context,
                                                   const GroupOptions& options);
  ~KafkaMember() override;

  Result<std::span<const Record>> poll(Deadline deadline, AssignmentListener& listener) override;
  Result<std::optional<Committed>> fetch_committed(Partition partition) override;
  Result<Bounds> bounds(Partition partition) override;
  Result<void> start(Partition partition, Offset offset) override;
  Result<void> pause(Partition partition) override;
  Result<void> resume(Partition partition) override;
  Result<void> restore(Partition partition, const StateVisitor& each) override;
  Result<std::uint64_t> append(Partition partition, std::string_view key,
                               std::string_view value) override;
  Result<std::vector<AppendAck>> acknowledged() override;
  Result<void> begin_commit(CommitBatch batch) override;
  std::optional<Result<void>> poll_commit(Deadline deadline) override;
  void leave() noexcept override;

 private:
  struct Assigned {
    std::unique_ptr<PartitionFetch> fetch;  // null before start()
    bool paused = false;
  };

  KafkaMember(const MemberContext& context, const GroupOptions& options)
      : context_(context), options_(options) {}
  Result<void> open();
  Result<void> subscribe();
  void rejoin();
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* self);
  static void on_error(rd_kafka_t*, int code, const char* reason, void* self);
  Failure ended_by(const rd_kafka_message_t& message) const;
  void ask_metadata();
  void assign(rd_kafka_topic_partition_list_t& partitions);
  void revoke(rd_kafka_topic_partition_list_t& partitions);
  bool serve_group(AssignmentListener& listener);
  Result<void> take_records();
  void nudge_laggards();
  Result<void> restore_from(PartitionFetch& fetch, Offset end, const StateVisitor& each);

  const MemberContext context_;
  const GroupOptions options_;
  Wakeup wakeup_;
  ClientHandle membership_;
  QueueHandle membership_queue_;
  GroupMetadata metadata_;  // of the present assignment; null: lost
  std::map<Partition, Assigned> assigned_;
  CommittedOffsets committed_;  // asked for already, of partitions that are not started yet
  Partition last_read_ = -1;
  MessageBatch batch_;
  std::unique_ptr<Appender> appender_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<GroupWatch> group_watch_;
  AssignmentListener* listener_ = nullptr;  // during serve_group
  bool rebalanced_ = false;
  bool ever_shared_ = false;  // the group has told what is ours, be it nothing
  bool left_ = false;
  Deadline disconnected_at_{};  // from a broker, the last time
  std::optional<Error> ended_;
};

}  // namespace tailrace::stream::kafka
