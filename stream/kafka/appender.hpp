// Plain, idempotent appends to the change log with their acknowledgements. Of each partition one
// batch is under way at a time, and what comes meanwhile is the next one: see
// ClientConfig::producer.
// Threading: one thread; records go, and delivery reports come, inside acknowledged(), and inside
// append() while too much waits.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "stream/kafka/client_config.hpp"
#include "stream/kafka/wakeup.hpp"

namespace tailrace::stream::kafka {

class Appender {
 public:
  // `wakeup` is signalled when there are reports to serve; it outlives the appender.
  static Result<std::unique_ptr<Appender>> open(const ClientConfig& config,
                                                const std::string& topic, Wakeup& wakeup);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  // The ticket is in an acknowledgement later. Waits while too much is waiting.
  Result<std::uint64_t> append(Partition partition, std::string_view key, std::string_view value);
  // There may be something to acknowledge.
  bool has_reports() const { return rd_kafka_queue_length(reports_.get()) > 0; }
  // Error: a record was lost or its fate is unknown; this appender is used up.
  Result<std::vector<AppendAck>> acknowledged();

 private:
  struct Waiting {
    std::string key;
    std::string value;
    std::uint64_t ticket = 0;
  };
  struct Line {
    std::deque<Waiting> waiting;
    std::size_t under_way = 0;  // records
  };

  Appender() = default;
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  // The next batch of each partition that has none under way.
  void send();
  // False: librdkafka's queue is full, or an error ended this appender.
  bool send_batch(Partition partition, Line& line);
  bool produce(Partition partition, const Waiting& record);
  // Takes reports as they come, for so long at most, and sends.
  void serve(int wait_ms);

  ClientHandle client_;
  QueueHandle reports_;
  TopicHandle topic_;
  std::uint64_t last_ticket_ = 0;
  std::map<Partition, Line> lines_;
  std::size_t waiting_bytes_ = 0;
  std::vector<AppendAck> acks_;
  std::optional<Error> error_;
};

}  // namespace tailrace::stream::kafka
