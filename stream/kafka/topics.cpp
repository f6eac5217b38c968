#include "stream/kafka/topics.hpp"

#include <fmt/format.h>

#include <array>
#include <thread>

namespace tailrace::stream::kafka {
namespace {

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Destroy<rd_kafka_metadata_destroy>>;

constexpr Milliseconds propagation_pause{50};

Result<NewTopic> new_topic(const KafkaOptions& options, const TopicSpec& spec) {
  std::array<char, 512> text{};
  NewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, options.replicas,
                                       text.data(), text.size()));
  if (!topic) return halt("log.config", fmt::format("topic {}: {}", spec.name, text.data()));
  if (spec.retention == Retention::compacted) {
    rd_kafka_NewTopic_set_config(topic.get(), "cleanup.policy", "compact");
  } else {
    const auto ms = std::chrono::duration_cast<Milliseconds>(options.retention).count();
    rd_kafka_NewTopic_set_config(topic.get(), "cleanup.policy", "delete");
    rd_kafka_NewTopic_set_config(topic.get(), "retention.ms", std::to_string(ms).c_str());
  }
  return topic;
}

Result<void> create(const ClientConfig& config, rd_kafka_t* client,
                    const std::vector<const TopicSpec*>& missing, Deadline deadline) {
  std::vector<NewTopic> topics;
  std::vector<rd_kafka_NewTopic_t*> pointers;
  for (const TopicSpec* spec : missing) {
    TAILRACE_ASSIGN(NewTopic topic, new_topic(config.options(), *spec));
    pointers.push_back(topic.get());
    topics.push_back(std::move(topic));
  }
  const QueueHandle queue(rd_kafka_queue_new(client));
  const AdminOptions options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  std::array<char, 512> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds_until(deadline) + 1,
                                            text.data(), text.size());
  rd_kafka_CreateTopics(client, pointers.data(), pointers.size(), options.get(), queue.get());
  const EventHandle event(rd_kafka_queue_poll(queue.get(), milliseconds_until(deadline) + 1000));
  if (!event) return retry("log.unavailable", "creating topics: no answer");
  if (const auto code = rd_kafka_event_error(event.get())) return failure(code, "creating topics");
  std::size_t count = 0;
  const auto* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* detail = rd_kafka_topic_result_error_string(results[i]);
    const std::string doing =
        fmt::format("creating topic {} ({})", rd_kafka_topic_result_name(results[i]),
                    detail == nullptr ? "" : detail);
    Failure found = failure(code, doing);
    const bool refused =
        code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR ||
        code == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS || code == RD_KAFKA_RESP_ERR_INVALID_CONFIG ||
        code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION || code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
    if (refused) return halt("log.config", found.value().message);
    return found;
  }
  return {};
}

Result<void> check(const TopicSpec& spec, Partition partitions) {
  if (partitions == spec.partitions) return {};
  return halt("log.partitions",
              fmt::format("topic {} has {} partitions and {} are asked for; the number is fixed "
                          "when the log is made: set it back, or name the pipeline anew",
                          spec.name, partitions, spec.partitions));
}

// It is still being made, or its broker is away or too busy to show that it is alive.
Failure no_leader(const std::string& topic) {
  return retry("log.unavailable", fmt::format("topic {} has no leader", topic));
}

}  // namespace

Result<Partition> partition_count(rd_kafka_t* client, const std::string& topic, Deadline deadline) {
  const TopicHandle handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code =
      rd_kafka_metadata(client, 0, handle.get(), &raw, std::max(1, milliseconds_until(deadline)));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(code, fmt::format("topic {}", topic));
  const Metadata metadata(raw);
  if (metadata->topic_cnt == 0) return no_leader(topic);
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return 0;
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failure(found.err, fmt::format("topic {}", topic));
  }
  for (int i = 0; i < found.partition_cnt; ++i) {
    if (found.partitions[i].leader < 0) return no_leader(topic);
  }
  return found.partition_cnt;
}

Result<void> ensure_topics(const ClientConfig& config, rd_kafka_t* client,
                           std::span<const TopicSpec> specs) {
  const Deadline deadline = config.call_deadline();
  std::vector<const TopicSpec*> missing;
  for (const TopicSpec& spec : specs) {
    TAILRACE_ASSIGN(const Partition partitions, partition_count(client, spec.name, deadline));
    if (partitions == 0) {
      missing.push_back(&spec);
    } else {
      TAILRACE_TRY(check(spec, partitions));
    }
  }
  if (missing.empty()) return {};
  TAILRACE_TRY(create(config, client, missing, deadline));
  for (const TopicSpec* spec : missing) {
    while (true) {
      const auto partitions = partition_count(client, spec->name, deadline);
      if (partitions && *partitions > 0) {
        TAILRACE_TRY(check(*spec, *partitions));
        break;
      }
      const bool passes = partitions || partitions.error().disposition == Disposition::retry;
      if (!passes || system_clock().now() >= deadline) {
        return partitions ? no_leader(spec->name) : Failure(partitions.error());
      }
      std::this_thread::sleep_for(propagation_pause);  // Kafka tells nobody when it is ready
    }
  }
  return {};
}

}  // namespace tailrace::stream::kafka
