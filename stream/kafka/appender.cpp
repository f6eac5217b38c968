#include "stream/kafka/appender.hpp"

#include <fmt/format.h>

namespace tailrace::stream::kafka {
namespace {

constexpr Milliseconds full_queue_patience{30'000};
constexpr int full_queue_wait_ms = 20;

}  // namespace

Result<std::unique_ptr<Appender>> Appender::open(const ClientConfig& config,
                                                 const std::string& topic, Wakeup& wakeup) {
  std::unique_ptr<Appender> appender(new Appender());
  const auto prepare = [&](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_opaque(conf, appender.get());
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  };
  // A record waits as long as it takes: a time-out would leave a hole before its successors.
  TAILRACE_ASSIGN(appender->client_,
                  config.producer({{"message.timeout.ms", "0"}, {"linger.ms", "0"}}, prepare));
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
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto ticket = reinterpret_cast<std::uintptr_t>(message->_private);
    appender.acks_.push_back({ticket, message->offset});
  } else if (!appender.error_) {
    appender.error_ = retry("log.append_failed", rd_kafka_err2str(message->err)).value();
  }
}

Result<std::uint64_t> Appender::append(Partition partition, std::string_view key,
                                       std::string_view value) {
  if (error_) return Failure(*error_);
  const std::uint64_t ticket = ++last_ticket_;
  const Deadline deadline = system_clock().now() + full_queue_patience;
  while (true) {
    const int failed = rd_kafka_produce(
        topic_.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()), value.size(),
        key.data(), key.size(), reinterpret_cast<void*>(static_cast<std::uintptr_t>(ticket)));
    if (failed == 0) return ticket;
    const auto code = rd_kafka_last_error();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || system_clock().now() >= deadline) {
      Failure found = failure(code, fmt::format("appending to {}/{}",
                                                rd_kafka_topic_name(topic_.get()), partition));
      error_ = found.value();
      return found;
    }
    rd_kafka_poll(client_.get(), full_queue_wait_ms);
  }
}

Result<std::vector<AppendAck>> Appender::acknowledged() {
  rd_kafka_poll(client_.get(), 0);
  if (error_) return Failure(*error_);
  return std::exchange(acks_, {});
}

}  // namespace tailrace::stream::kafka
