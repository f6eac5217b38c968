#include "stream/kafka/partition_fetch.hpp"

#include <array>

#include <fmt/format.h>

#include "core/log.hpp"

namespace tailrace::stream::kafka {
namespace {

constexpr std::size_t messages_per_call = 512;
constexpr Milliseconds nudge_pause{25};
constexpr std::size_t may_have_been_full = 256u << 10;  // a quarter of what a queue takes

std::string_view bytes(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), size};
}

}  // namespace

void MessageBatch::add(MessageHandle message) {
  Record record;
  record.partition = message->partition;
  record.offset = message->offset;
  if (message->key != nullptr) record.key = bytes(message->key, message->key_len);
  // An empty value has a pointer, a tombstone has none.
  if (message->payload != nullptr) record.value = bytes(message->payload, message->len);
  bytes_ += message->key_len + message->len;
  records_.push_back(record);
  messages_.push_back(std::move(message));
}

PartitionFetch::PartitionFetch(FetchPool& pool, FetchClient& client, TopicHandle topic,
                               Partition partition, Offset from, Wakeup& wakeup)
    : pool_(pool),
      client_(client),
      topic_(std::move(topic)),
      partition_(partition),
      queue_(rd_kafka_queue_new(client.client.get())),
      position_(from) {
  wakeup.connect(queue_.get());
}

PartitionFetch::~PartitionFetch() {
  if (started_) rd_kafka_consume_stop(topic_.get(), partition_);
  Wakeup::disconnect(queue_.get());
  queue_.reset();
  pool_.release(client_, {rd_kafka_topic_name(topic_.get()), partition_});
}

Result<void> PartitionFetch::start() {
  if (rd_kafka_consume_start_queue(topic_.get(), partition_, position_, queue_.get()) != 0) {
    return failure(rd_kafka_last_error(), fmt::format("reading {}/{}",
                                                      rd_kafka_topic_name(topic_.get()),
                                                      partition_));
  }
  started_ = true;
  return {};
}

Result<void> PartitionFetch::take(MessageBatch& batch) {
  std::array<rd_kafka_message_t*, messages_per_call> messages;
  while (!batch.full()) {
    const ssize_t count =
        rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), messages.size());
    if (count <= 0) return {};
    Result<void> outcome;
    for (ssize_t i = 0; i < count; ++i) {
      MessageHandle message(messages[static_cast<std::size_t>(i)]);
      if (outcome) outcome = handle(std::move(message), batch);
    }
    TAILRACE_TRY(std::move(outcome));
    if (static_cast<std::size_t>(count) < messages.size()) return {};
  }
  return {};
}

Result<void> PartitionFetch::handle(MessageHandle message, MessageBatch& batch) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (message->offset < position_) return {};
    position_ = message->offset + 1;
    at_end_ = false;
    bytes_since_end_ += message->len + message->key_len;
    batch.add(std::move(message));
    return {};
  }
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    position_ = std::max(position_, message->offset);
    at_end_ = true;
    bytes_since_end_ = 0;
    return {};
  }
  const std::string doing =
      fmt::format("reading {}/{} at {}", rd_kafka_topic_name(topic_.get()), partition_, position_);
  Failure found = failure(message->err, doing);
  if (found.value().disposition == Disposition::halt) return found;
  log_debug("kafka.fetch", {{"message", found.value().message}});  // librdkafka tries again
  return {};
}

void PartitionFetch::nudge() {
  if (bytes_since_end_ < may_have_been_full) return;  // else the end itself is on its way
  const Deadline now = system_clock().now();
  if (now - nudged_ < nudge_pause) return;
  nudged_ = now;
  // Asking is enough; the answer would wait behind a fetch that waits for data.
  static_cast<void>(query_bounds(client_.client.get(), rd_kafka_topic_name(topic_.get()),
                                 partition_, now + Milliseconds(1)));
}

Result<std::unique_ptr<PartitionFetch>> FetchPool::open(const std::string& topic,
                                                        Partition partition, Offset from,
                                                        Wakeup& wakeup) {
  TAILRACE_ASSIGN(FetchClient * client, client_for({topic, partition}));
  TopicHandle handle(rd_kafka_topic_new(client->client.get(), topic.c_str(), nullptr));
  auto fetch = std::make_unique<PartitionFetch>(*this, *client, std::move(handle), partition, from,
                                                wakeup);
  TAILRACE_TRY(fetch->start());
  return fetch;
}

Result<std::unique_ptr<FetchClient>> FetchPool::make_client() const {
  const bool committed = isolation_ == Isolation::read_committed;
  auto made = std::make_unique<FetchClient>();
  const char* level = committed ? "read_committed" : "read_uncommitted";
  TAILRACE_ASSIGN(made->client, config_.consumer({{"isolation.level", level},
                                                  {"enable.partition.eof", "true"}}));
  return made;
}

Result<rd_kafka_t*> FetchPool::any_client() {
  const std::lock_guard lock(mutex_);
  if (clients_.empty()) {
    TAILRACE_ASSIGN(std::unique_ptr<FetchClient> added, make_client());
    clients_.push_back(std::move(added));
  }
  return clients_.front()->client.get();
}

Result<FetchClient*> FetchPool::client_for(const std::pair<std::string, Partition>& place) {
  const std::lock_guard lock(mutex_);
  for (const auto& client : clients_) {
    if (client->busy.insert(place).second) return client.get();
  }
  TAILRACE_ASSIGN(std::unique_ptr<FetchClient> added, make_client());
  added->busy.insert(place);
  clients_.push_back(std::move(added));
  return clients_.back().get();
}

void FetchPool::release(FetchClient& client, const std::pair<std::string, Partition>& place) {
  const std::lock_guard lock(mutex_);
  client.busy.erase(place);
}

}  // namespace tailrace::stream::kafka
