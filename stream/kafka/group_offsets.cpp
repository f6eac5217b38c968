#include "stream/kafka/group_offsets.hpp"

#include <fmt/format.h>

#include <array>

namespace tailrace::stream::kafka {
namespace {

using Request = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                                Destroy<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

Result<std::optional<Committed>> read(const rd_kafka_topic_partition_t& entry,
                                      std::string_view doing) {
  if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(entry.err, doing);
  if (entry.offset < 0) return std::nullopt;
  Committed committed;
  committed.offset = entry.offset;
  if (entry.metadata != nullptr) {
    committed.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
  }
  return std::optional<Committed>(std::move(committed));
}

}  // namespace

Result<CommittedOffsets> fetch_committed(rd_kafka_t* client, const std::string& group,
                                         const std::string& topic,
                                         std::span<const Partition> partitions, Deadline deadline) {
  const std::string doing = fmt::format("committed offsets of {} in {}", group, topic);
  const PartitionList wanted(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const Partition partition : partitions) {
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), partition);
  }
  const Request request(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), wanted.get()));
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
  std::array<char, 512> text{};
  const int wait_ms = milliseconds_until(deadline);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), admin_request_timeout_ms, text.data(),
                                            text.size());
  const ErrorHandle refused(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1));
  if (refused) return halt("log.config", rd_kafka_error_string(refused.get()));

  const QueueHandle queue(rd_kafka_queue_new(client));
  rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
  rd_kafka_ListConsumerGroupOffsets(client, requests, 1, options.get(), queue.get());
  const EventHandle event(rd_kafka_queue_poll(queue.get(), wait_ms + 1000));
  if (!event) return retry("log.unavailable", fmt::format("{}: no answer", doing));
  if (const auto code = rd_kafka_event_error(event.get())) return failure(code, doing);
  std::size_t count = 0;
  const auto* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  if (count != 1) return retry("log.unavailable", fmt::format("{}: empty answer", doing));
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(groups[0])) {
    return failure(rd_kafka_error_code(error), doing);
  }
  CommittedOffsets offsets;
  for (const Partition partition : partitions) {
    offsets.try_emplace(partition);
  }
  const rd_kafka_topic_partition_list_t* found = rd_kafka_group_result_partitions(groups[0]);
  for (int i = 0; found != nullptr && i < found->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = found->elems[i];
    offsets.insert_or_assign(entry.partition, read(entry, doing));
  }
  return offsets;
}

}  // namespace tailrace::stream::kafka
