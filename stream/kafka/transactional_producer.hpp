// A producer with a transactional id: begins lazily, appends, commits or aborts. After any error
// but "too large" it is used up, unless the error says that the transaction was aborted cleanly.
// Threading: one thread at a time.
#pragma once

#include <map>

#include "stream/kafka/client_config.hpp"

namespace tailrace::stream::kafka {

class TransactionalProducer {
 public:
  struct Options {
    std::string transactional_id;
    Milliseconds timeout;  // of one transaction, kept by the broker too
  };

  // Fences earlier producers of this id and ends their transactions. Error retry until `deadline`
  // is not enough.
  static Result<std::unique_ptr<TransactionalProducer>> open(const ClientConfig& config,
                                                             const Options& options);
  ~TransactionalProducer();
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  // Begins the transaction if none is open. Waits while librdkafka's queue is full.
  Result<void> append(const Append& record);
  // Offsets of a group, fenced by the metadata of the assignment.
  Result<void> send_offsets(const rd_kafka_topic_partition_list_t& offsets,
                            const rd_kafka_consumer_group_metadata_t& group);
  // Error: the transaction is aborted, or its outcome is not known.
  Result<void> commit();
  void abort() noexcept;
  // False: the producer must be replaced.
  bool usable() const { return usable_; }
  bool open_transaction() const { return in_transaction_; }

 private:
  TransactionalProducer(const ClientConfig& config, const Options& options)
      : config_(config), options_(options) {}
  Result<void> initialize();
  Result<void> begin();
  rd_kafka_topic_t* topic(std::string_view name);
  Result<void> enqueue(const Append& record);
  // Sorts an error of the transactional API; aborts the transaction if that is what it asks for.
  Failure failed(const rd_kafka_error_t* error, std::string_view doing);
  Failure fatal(std::string_view doing);
  bool may_have_expired() const;

  const ClientConfig& config_;
  const Options options_;
  ClientHandle client_;
  std::map<std::string, TopicHandle, std::less<>> topics_;
  std::string_view last_name_;
  rd_kafka_topic_t* last_topic_ = nullptr;
  bool in_transaction_ = false;
  bool usable_ = true;
  Deadline begun_{};
  std::size_t appended_ = 0;
};

}  // namespace tailrace::stream::kafka
