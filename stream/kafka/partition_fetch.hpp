// Fetching single partitions, outside any group. Every partition has a queue of its own that we
// read or leave alone: nothing is paused or sought inside librdkafka, whose batch calls skip
// offsets when that happens (before 2.1). A queue that is left alone stops being filled.
// Threading: FetchPool from any thread; a PartitionFetch and its batch from one thread.
#pragma once

#include <mutex>
#include <set>
#include <vector>

#include "stream/kafka/client_config.hpp"
#include "stream/kafka/wakeup.hpp"

namespace tailrace::stream::kafka {

// Records read and the messages they point into.
class MessageBatch {
 public:
  void clear() {
    records_.clear();
    messages_.clear();
    bytes_ = 0;
  }
  void add(MessageHandle message);
  std::span<const Record> records() const { return records_; }
  bool full() const { return bytes_ >= max_bytes; }

 private:
  static constexpr std::size_t max_bytes = std::size_t{1} << 20;

  std::vector<MessageHandle> messages_;
  std::vector<Record> records_;
  std::size_t bytes_ = 0;
};

struct FetchClient {
  ClientHandle client;
  std::set<std::pair<std::string, Partition>> busy;  // one fetch of a partition per client
};

class FetchPool;

class PartitionFetch {
 public:
  PartitionFetch(FetchPool& pool, FetchClient& client, TopicHandle topic, Partition partition,
                 Offset from, Wakeup& wakeup);
  ~PartitionFetch();
  PartitionFetch(const PartitionFetch&) = delete;
  PartitionFetch& operator=(const PartitionFetch&) = delete;

  Result<void> start();
  // Takes what has come, without waiting, until the batch is full.
  Result<void> take(MessageBatch& batch);
  // False: there may be more on its way.
  bool at_end() const { return at_end_; }
  Offset position() const { return position_; }
  // librdkafka looks at a queue that was full only once a second (before 2.2); a request to the
  // partition's leader makes it look now. Call when nothing comes although the end is not reached.
  // Waits for nothing.
  void nudge();

 private:
  Result<void> handle(MessageHandle message, MessageBatch& batch);

  FetchPool& pool_;
  FetchClient& client_;
  TopicHandle topic_;
  const Partition partition_;
  QueueHandle queue_;
  bool started_ = false;
  bool at_end_ = false;
  Offset position_;
  std::size_t bytes_since_end_ = 0;
  Deadline nudged_{};
};

class FetchPool {
 public:
  FetchPool(const ClientConfig& config, Isolation isolation)
      : config_(config), isolation_(isolation) {}

  // `wakeup` is signalled when records come; it outlives the fetch.
  Result<std::unique_ptr<PartitionFetch>> open(const std::string& topic, Partition partition,
                                               Offset from, Wakeup& wakeup);
  // Some client, for requests.
  Result<rd_kafka_t*> any_client();

 private:
  friend class PartitionFetch;
  Result<std::unique_ptr<FetchClient>> make_client() const;
  Result<FetchClient*> client_for(const std::pair<std::string, Partition>& place);
  void release(FetchClient& client, const std::pair<std::string, Partition>& place);

  const ClientConfig& config_;
  const Isolation isolation_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FetchClient>> clients_;
};

}  // namespace tailrace::stream::kafka
