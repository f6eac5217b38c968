#include "stream/kafka/transactional_producer.hpp"

#include <array>

#include <fmt/format.h>

#include "core/log.hpp"

namespace tailrace::stream::kafka {
namespace {

constexpr Milliseconds abort_patience{3000};
constexpr int full_queue_wait_ms = 20;
constexpr std::size_t appends_per_poll = 1024;

}  // namespace

Result<std::unique_ptr<TransactionalProducer>> TransactionalProducer::open(
    const ClientConfig& config, const Options& options) {
  std::unique_ptr<TransactionalProducer> producer(new TransactionalProducer(config, options));
  TAILRACE_TRY(producer->initialize());
  return producer;
}

Result<void> TransactionalProducer::initialize() {
  const std::string timeout = std::to_string(options_.timeout.count());
  TAILRACE_ASSIGN(client_, config_.producer({{"transactional.id", options_.transactional_id},
                                             {"transaction.timeout.ms", timeout},
                                             // Never longer than the transaction lives.
                                             {"message.timeout.ms", timeout},
                                             {"delivery.report.only.error", "true"}}));
  const std::string doing = fmt::format("opening producer {}", options_.transactional_id);
  const Deadline deadline = config_.call_deadline();
  while (true) {
    const int wait_ms = std::max(100, milliseconds_until(deadline));
    const ErrorHandle error(rd_kafka_init_transactions(client_.get(), wait_ms));
    if (!error) return {};
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0;
    if (again && system_clock().now() < deadline) continue;
    usable_ = false;
    if (again) return retry("log.unavailable", fmt::format("{}: no answer", doing));
    return failure(rd_kafka_error_code(error.get()), doing);
  }
}

TransactionalProducer::~TransactionalProducer() {
  if (!client_) return;
  if (in_transaction_ && usable_) abort();
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                    RD_KAFKA_PURGE_F_NON_BLOCKING);
  topics_.clear();
}

Result<void> TransactionalProducer::begin() {
  if (!usable_) return retry("log.producer_lost", "the producer has failed; open a new one");
  const ErrorHandle error(rd_kafka_begin_transaction(client_.get()));
  if (error) return failed(error.get(), "beginning a transaction");
  in_transaction_ = true;
  begun_ = system_clock().now();
  return {};
}

rd_kafka_topic_t* TransactionalProducer::topic(std::string_view name) {
  if (last_topic_ != nullptr && name == last_name_) return last_topic_;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    const std::string text(name);
    TopicHandle created(rd_kafka_topic_new(client_.get(), text.c_str(), nullptr));
    found = topics_.emplace(text, std::move(created)).first;
  }
  last_name_ = found->first;
  last_topic_ = found->second.get();
  return last_topic_;
}

Result<void> TransactionalProducer::append(const Append& record) {
  if (!in_transaction_) TAILRACE_TRY(begin());
  return enqueue(record);
}

Result<void> TransactionalProducer::enqueue(const Append& record) {
  const auto pointer = [](std::string_view text) {
    return const_cast<char*>(text.data() == nullptr ? "" : text.data());  // copied by the call
  };
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const Header& header : record.headers) {
      rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                          header.value.data(), static_cast<ssize_t>(header.value.size()));
    }
  }
  const Deadline deadline = system_clock().now() + options_.timeout;
  if (++appended_ % appends_per_poll == 0) rd_kafka_poll(client_.get(), 0);
  while (true) {
    std::array<rd_kafka_vu_t, 6> fields{};
    std::size_t count = 0;
    const auto next = [&](rd_kafka_vtype_t type) -> auto& {
      fields[count].vtype = type;
      return fields[count++].u;
    };
    next(RD_KAFKA_VTYPE_RKT).rkt = topic(record.topic);
    next(RD_KAFKA_VTYPE_PARTITION).i32 = record.partition;
    next(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
    next(RD_KAFKA_VTYPE_KEY).mem = {pointer(record.key), record.key.size()};
    if (record.value) {
      next(RD_KAFKA_VTYPE_VALUE).mem = {pointer(*record.value), record.value->size()};
    }
    if (headers != nullptr) next(RD_KAFKA_VTYPE_HEADERS).headers = headers;
    const ErrorHandle error(rd_kafka_produceva(client_.get(), fields.data(), count));
    if (!error) return {};  // the headers are the message's now
    const bool full = rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (full && system_clock().now() < deadline) {
      rd_kafka_poll(client_.get(), full_queue_wait_ms);
      continue;
    }
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    return failed(error.get(), fmt::format("appending to {}/{}", record.topic, record.partition));
  }
}

Result<void> TransactionalProducer::send_offsets(const rd_kafka_topic_partition_list_t& offsets,
                                                 const rd_kafka_consumer_group_metadata_t& group) {
  if (!in_transaction_) TAILRACE_TRY(begin());
  const Deadline deadline = begun_ + options_.timeout;
  while (true) {
    const ErrorHandle error(rd_kafka_send_offsets_to_transaction(
        client_.get(), &offsets, &group, std::max(1, milliseconds_until(deadline))));
    if (!error) return {};
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0;
    if (!again || system_clock().now() >= deadline) return failed(error.get(), "sending offsets");
  }
}

Result<void> TransactionalProducer::commit() {
  if (!in_transaction_) {
    if (usable_) return {};
    return retry("log.producer_lost", "the producer has failed; open a new one");
  }
  const Deadline deadline = begun_ + options_.timeout + abort_patience;
  while (true) {
    const ErrorHandle error(rd_kafka_commit_transaction(client_.get(), -1));
    if (!error) {
      in_transaction_ = false;
      return {};
    }
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0;
    if (again && system_clock().now() < deadline) continue;
    return failed(error.get(), "committing");
  }
}

void TransactionalProducer::abort() noexcept {
  if (!in_transaction_) return;
  in_transaction_ = false;
  const Deadline deadline = system_clock().now() + abort_patience;
  while (usable_) {
    const ErrorHandle error(
        rd_kafka_abort_transaction(client_.get(), std::max(1, milliseconds_until(deadline))));
    if (!error) return;
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0;
    if (!again || system_clock().now() >= deadline) usable_ = false;
  }
}

bool TransactionalProducer::may_have_expired() const {
  return in_transaction_ && system_clock().now() - begun_ > options_.timeout * 8 / 10;
}

Failure TransactionalProducer::fatal(std::string_view doing) {
  usable_ = false;
  std::array<char, 512> text{};
  const auto code = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  const std::string message = fmt::format("{}: {}", doing, text.data());
  const bool fenced = code == RD_KAFKA_RESP_ERR__FENCED ||
                      code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                      code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
  // The broker fences a producer whose transaction it gave up, just as if there were a newer one.
  if (fenced && may_have_expired()) return retry("log.expired", message);
  if (fenced) {
    return halt("log.fenced", fmt::format("a newer writer of {} was opened ({})",
                                          options_.transactional_id, message));
  }
  return retry("log.producer_lost", message);
}

Failure TransactionalProducer::failed(const rd_kafka_error_t* error, std::string_view doing) {
  const bool aborts = rd_kafka_error_txn_requires_abort(error) != 0;
  const auto code = rd_kafka_error_code(error);
  const std::string message = fmt::format("{}: {}", doing, rd_kafka_error_string(error));
  if (rd_kafka_error_is_fatal(error) || rd_kafka_fatal_error(client_.get(), nullptr, 0) != 0) {
    return fatal(doing);
  }
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return failure(code, doing);
  log_warn("kafka.transaction_failed",
           {{"transactional_id", options_.transactional_id}, {"message", message}});
  // RD_KAFKA_RESP_ERR__STATE from an append: an earlier record has failed already.
  if (aborts || code == RD_KAFKA_RESP_ERR__STATE) {
    abort();
    if (rd_kafka_fatal_error(client_.get(), nullptr, 0) != 0) return fatal(doing);
    return retry("log.aborted", message);
  }
  in_transaction_ = false;
  usable_ = false;
  return retry("log.unavailable", message);
}

}  // namespace tailrace::stream::kafka
