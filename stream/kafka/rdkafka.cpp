#include "stream/kafka/rdkafka.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace tailrace::stream::kafka {

namespace {
constexpr Milliseconds leader_pause{20};
}  // namespace

Failure failure(rd_kafka_resp_err_t code, std::string_view doing) {
  std::string text = fmt::format("{}: {}", doing, rd_kafka_err2str(code));
  switch (static_cast<int>(code)) {
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return halt("log.fenced", std::move(text));
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return halt("log.out_of_range", std::move(text));
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return halt("log.no_topic", std::move(text));
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:  // the client's own memory is empty: after a long pause,
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:  // or while a busy broker names no leader
      return retry("log.unavailable", std::move(text));
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return halt("log.corrupt", std::move(text));
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return dead_letter("log.too_large", std::move(text));
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return halt("log.forbidden", std::move(text));
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
      return retry("log.unstable", std::move(text));
    default:
      return retry("log.unavailable", std::move(text));
  }
}

Result<Bounds> query_bounds(rd_kafka_t* client, const std::string& topic, Partition partition,
                            Deadline deadline) {
  Bounds bounds;
  while (true) {
    const auto code =
        rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &bounds.start,
                                         &bounds.end, std::max(1, milliseconds_until(deadline)));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return bounds;
    // A new or moving partition has no leader for a moment, whatever the metadata say.
    Failure found = failure(code, fmt::format("bounds of {}/{}", topic, partition));
    if (found.value().disposition == Disposition::halt ||
        system_clock().now() + leader_pause >= deadline) {
      return found;
    }
    std::this_thread::sleep_for(leader_pause);
  }
}

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<Milliseconds>(deadline - system_clock().now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 600'000));
}

}  // namespace tailrace::stream::kafka
