#include "stream/kafka/kafka_log.hpp"

#include <fmt/format.h>

#include "core/assert.hpp"
#include "stream/kafka/kafka_member.hpp"
#include "stream/kafka/partition_fetch.hpp"
#include "stream/kafka/topics.hpp"
#include "stream/kafka/transactional_producer.hpp"

namespace tailrace::stream {
namespace kafka {
namespace {

// Keys and headers travel in the same record.
constexpr std::size_t room_for_the_rest = std::size_t{64} << 10;
constexpr Milliseconds laggard_pause{10};

struct ReaderPlace {
  std::string topic;
  Partition partition;
  Offset from;
};

class KafkaWriter final : public LogWriter {
 public:
  explicit KafkaWriter(std::unique_ptr<TransactionalProducer> producer)
      : producer_(std::move(producer)) {}

  Result<void> append(const Append& record) override { return producer_->append(record); }
  Result<void> commit() override { return producer_->commit(); }

 private:
  std::unique_ptr<TransactionalProducer> producer_;
};

class KafkaReader final : public TopicReader {
 public:
  // `uncommitted`: a client that is told high watermarks.
  KafkaReader(const ClientConfig& config, rd_kafka_t* uncommitted, ReaderPlace place)
      : config_(config), uncommitted_(uncommitted), place_(std::move(place)) {}

  Result<void> open(FetchPool& pool) {
    TAILRACE_ASSIGN(fetch_, pool.open(place_.topic, place_.partition, place_.from, wakeup_));
    return {};
  }
  ~KafkaReader() override { batch_.clear(); }

  Result<std::span<const Record>> poll(Deadline deadline) override {
    batch_.clear();
    while (true) {
      TAILRACE_TRY(fetch_->take(batch_));
      const Deadline now = system_clock().now();
      if (!batch_.records().empty() || now >= deadline) return batch_.records();
      const bool behind = !fetch_->at_end();
      const bool signalled =
          wakeup_.wait(behind ? std::min(deadline, now + laggard_pause) : deadline);
      if (!signalled && behind) fetch_->nudge();
    }
  }
  Offset position() const override { return fetch_->position(); }
  Result<Bounds> bounds() override {
    return query_bounds(uncommitted_, place_.topic, place_.partition, config_.call_deadline());
  }

 private:
  const ClientConfig& config_;
  rd_kafka_t* const uncommitted_;
  const ReaderPlace place_;
  Wakeup wakeup_;
  std::unique_ptr<PartitionFetch> fetch_;
  MessageBatch batch_;
};

class KafkaLog final : public EventLog {
 public:
  explicit KafkaLog(ClientConfig config) : config_(std::move(config)) {}

  bool keeps_state() const override { return true; }

  Result<void> ensure_topics(std::span<const TopicSpec> topics) override {
    TAILRACE_ASSIGN(rd_kafka_t * client, committed_.any_client());
    return kafka::ensure_topics(config_, client, topics);
  }

  Result<std::unique_ptr<LogWriter>> open_writer(std::string_view transactional_id) override {
    TAILRACE_ASSIGN(auto producer,
                    TransactionalProducer::open(config_, {std::string(transactional_id),
                                                          config_.options().writer_timeout}));
    return std::make_unique<KafkaWriter>(std::move(producer));
  }

  Result<std::unique_ptr<TopicReader>> open_reader(std::string_view topic, Partition partition,
                                                   Offset from, Isolation isolation) override {
    const std::string name(topic);
    TAILRACE_TRY(require(name, partition));
    FetchPool& pool = isolation == Isolation::read_committed ? committed_ : uncommitted_;
    TAILRACE_ASSIGN(rd_kafka_t * client, uncommitted_.any_client());
    ReaderPlace place{name, partition, from};
    auto reader = std::make_unique<KafkaReader>(config_, client, std::move(place));
    TAILRACE_TRY(reader->open(pool));
    return reader;
  }

  Result<std::unique_ptr<GroupMember>> join(const GroupOptions& options) override {
    TAILRACE_TRY(require(options.topic, 0));
    if (!options.state_topic.empty()) TAILRACE_TRY(require(options.state_topic, 0));
    return KafkaMember::join({config_, uncommitted_, committed_}, options);
  }

  std::size_t max_record_bytes() const override {
    return config_.message_max_bytes() - room_for_the_rest;
  }

 private:
  Result<void> require(const std::string& topic, Partition partition) {
    TAILRACE_ASSIGN(rd_kafka_t * client, committed_.any_client());
    TAILRACE_ASSIGN(const Partition count,
                    partition_count(client, topic, config_.call_deadline()));
    if (partition >= 0 && partition < count) return {};
    return halt("log.no_topic", fmt::format("there is no topic {} with partition {}", topic,
                                            partition));
  }

  const ClientConfig config_;
  FetchPool committed_{config_, Isolation::read_committed};
  FetchPool uncommitted_{config_, Isolation::read_uncommitted};
};

}  // namespace
}  // namespace kafka

Result<std::unique_ptr<EventLog>> open_kafka(const KafkaOptions& options) {
  TAILRACE_ASSIGN(auto config, kafka::ClientConfig::make(options));
  return std::make_unique<kafka::KafkaLog>(std::move(config));
}

}  // namespace tailrace::stream
