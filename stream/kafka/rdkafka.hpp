// librdkafka's C objects as owners, and its errors as ours.
// Threading: librdkafka's objects may be used from any thread.
#pragma once

#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "core/result.hpp"
#include "stream/event_log.hpp"

namespace tailrace::stream::kafka {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
// A consumer that was not left on purpose keeps its membership until the session ends.
inline void destroy_client(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

using ClientHandle = std::unique_ptr<rd_kafka_t, Destroy<destroy_client>>;
using ConfHandle = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_destroy>>;
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using EventHandle = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      Destroy<rd_kafka_topic_partition_list_destroy>>;
using GroupMetadata = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                      Destroy<rd_kafka_consumer_group_metadata_destroy>>;

// Errors of single calls that a later call may not meet again are retry, the others halt.
Failure failure(rd_kafka_resp_err_t code, std::string_view doing);

// Start and end, as the partition's leader has them now. The end is the high watermark only if the
// client reads uncommitted; to a read_committed client the broker tells the last stable offset.
Result<Bounds> query_bounds(rd_kafka_t* client, const std::string& topic, Partition partition,
                            Deadline deadline);

// librdkafka 2.0.2 aborts the process when a coordinator comes back to an admin request that has
// timed out. So no request does, within the longest time that it takes: who has waited enough drops
// the queue of the answer.
inline constexpr int admin_request_timeout_ms = 3'600'000;

// What is left until the deadline, for librdkafka's time-outs; never negative.
int milliseconds_until(Deadline deadline);

}  // namespace tailrace::stream::kafka
