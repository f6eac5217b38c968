// Makes librdkafka clients: the user's properties, and over them those on which correctness rests.
// Threading: const, from any thread.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "stream/kafka/kafka_options.hpp"
#include "stream/kafka/rdkafka.hpp"

namespace tailrace::stream::kafka {

class ClientConfig {
 public:
  using Properties = std::vector<std::pair<std::string, std::string>>;
  // Sets callbacks and the opaque pointer on a configuration.
  using Prepare = std::function<void(rd_kafka_conf_t*)>;

  // Error halt "log.config" names the property and, if it does not exist, the nearest one.
  static Result<ClientConfig> make(const KafkaOptions& options);

  const KafkaOptions& options() const { return options_; }
  Deadline call_deadline() const { return system_clock().now() + options_.call_timeout; }
  std::size_t message_max_bytes() const;

  // Idempotent. While more than five messages of a partition are in flight, librdkafka 2.0 sends no
  // others, and as soon as others are ready it keeps a core busy asking whether they may go. So let
  // messages linger until they go as one request, and longer than the broker takes to answer.
  Result<ClientHandle> producer(const Properties& properties, const Prepare& prepare = {}) const;
  Result<ClientHandle> consumer(const Properties& properties, const Prepare& prepare = {}) const;

 private:
  explicit ClientConfig(const KafkaOptions& options) : options_(options) {}
  Result<void> set_user_properties(rd_kafka_conf_t* conf, bool producer) const;
  Result<ClientHandle> open(rd_kafka_type_t type, const Properties& properties,
                            const Prepare& prepare) const;

  KafkaOptions options_;
};

}  // namespace tailrace::stream::kafka
