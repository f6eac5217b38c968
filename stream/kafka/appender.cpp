#include "stream/kafka/appender.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tailrace::stream::kafka {
namespace {

constexpr Milliseconds full_queue_patience{30'000};
constexpr int full_queue_wait_ms = 20;
constexpr std::size_t waiting_limit_bytes = 64u << 20;
constexpr std::size_t batch_records = 2'000;
constexpr std::size_t batch_bytes = 512u << 10;
// Longer than it takes to hand over a batch: it goes as one request for each partition.
constexpr const char* linger_ms = "5";

}  // namespace

Result<std::unique_ptr<Appender>> Appender::open(const ClientConfig& config,
                                                 const std::string& topic, Wakeup& wakeup) {
  std::unique_ptr<Appender> appender(new Appender());
  const auto prepare = [&](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_opaque(conf, appender.get());
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  };
  // A record waits as long as it takes: a time-out would leave a hole before its successors.
  TAILRACE_ASSIGN(
      appender->client_,
      config.producer({{"message.timeout.ms", "0"}, {"linger.ms", linger_ms}}, prepare));
  appender->topic_.reset(rd_kafka_topic_new(appender->client_.get(), topic.c_str(), nullptr));
  appender->reports_.reset(rd_kafka_queue_get_main(appender->client_.get()));
  wakeup.connect(appender->reports_.get());
  return appender;
}

Appender::~Appender() {
  if (!client_) return;
  if (reports_) Wakeup::disconnect(reports_.get());
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                    RD_KAFKA_PURGE_F_NON_BLOCKING);
  reports_.reset();
  topic_.reset();
}

void Appender::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto& appender = *static_cast<Appender*>(self);
  --appender.lines_[message->partition].under_way;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto ticket = reinterpret_cast<std::uintptr_t>(message->_private);
    appender.acks_.push_back({ticket, message->offset});
  } else if (!appender.error_) {
    appender.error_ = retry("log.append_failed", rd_kafka_err2str(message->err)).value();
  }
}

Result<std::uint64_t> Appender::append(Partition partition, std::string_view key,
                                       std::string_view value) {
  const Deadline deadline = system_clock().now() + full_queue_patience;
  while (waiting_bytes_ > waiting_limit_bytes && !error_) {
    if (system_clock().now() >= deadline) {
      return retry("log.append_failed", fmt::format("{}/{}: no append is acknowledged",
                                                    rd_kafka_topic_name(topic_.get()), partition));
    }
    serve(full_queue_wait_ms);
  }
  if (error_) return Failure(*error_);
  lines_[partition].waiting.push_back({std::string(key), std::string(value), ++last_ticket_});
  waiting_bytes_ += key.size() + value.size();
  return last_ticket_;
}

void Appender::send() {
  for (auto& [partition, line] : lines_) {
    if (line.under_way == 0 && !send_batch(partition, line)) return;
  }
}

bool Appender::send_batch(Partition partition, Line& line) {
  std::size_t bytes = 0;
  while (!line.waiting.empty() && line.under_way < batch_records && bytes < batch_bytes) {
    const Waiting& next = line.waiting.front();
    const std::size_t size = next.key.size() + next.value.size();
    if (!produce(partition, next)) return false;
    ++line.under_way;
    bytes += size;
    waiting_bytes_ -= size;
    line.waiting.pop_front();
  }
  return true;
}

bool Appender::produce(Partition partition, const Waiting& record) {
  const int failed = rd_kafka_produce(
      topic_.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(record.value.data()),
      record.value.size(), record.key.data(), record.key.size(),
      reinterpret_cast<void*>(static_cast<std::uintptr_t>(record.ticket)));
  if (failed == 0) return true;
  const auto code = rd_kafka_last_error();
  // A queue that has nothing else in it has no room for this record at any time.
  const bool alone = std::all_of(lines_.begin(), lines_.end(),
                                 [](const auto& line) { return line.second.under_way == 0; });
  if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || alone) {
    error_ = failure(code, fmt::format("appending to {}/{}", rd_kafka_topic_name(topic_.get()),
                                       partition))
                 .value();
  }
  return false;
}

void Appender::serve(int wait_ms) {
  rd_kafka_poll(client_.get(), wait_ms);
  if (!error_) send();
}

Result<std::vector<AppendAck>> Appender::acknowledged() {
  serve(0);
  if (error_) return Failure(*error_);
  return std::exchange(acks_, {});
}

}  // namespace tailrace::stream::kafka
