#include "stream/kafka/client_config.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include "core/log.hpp"

namespace tailrace::stream::kafka {
namespace {

// Set by us for one of the clients; a user's value would break a promise.
constexpr std::array fixed_names = {
    "acks", "request.required.acks", "allow.auto.create.topics", "auto.offset.reset",
    "bootstrap.servers", "check.crcs", "client.id", "delivery.report.only.error",
    "enable.auto.commit", "enable.auto.offset.store", "enable.idempotence", "enable.partition.eof",
    "group.id", "group.instance.id", "isolation.level", "message.timeout.ms",
    "delivery.timeout.ms", "metadata.broker.list", "partition.assignment.strategy",
    "transaction.timeout.ms", "transactional.id", "enable.gapless.guarantee", "session.timeout.ms"};

// Aliases and topic properties that librdkafka's dump leaves out.
constexpr std::array other_names = {
    "compression.type", "compression.level", "linger.ms",          "retries",
    "max.in.flight",    "batch.size",        "request.timeout.ms", "max.partition.fetch.bytes"};

void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  constexpr int syslog_error = 3;
  constexpr int syslog_warning = 4;
  const char* name = client == nullptr ? "" : rd_kafka_name(client);
  // librdkafka reconnects and retries by itself; what stays broken is an error of some call.
  if (level <= syslog_error) {
    log_warn("kafka.client", {{"client", name}, {"what", facility}, {"message", text}});
  } else if (level <= syslog_warning) {
    log_debug("kafka.client", {{"client", name}, {"what", facility}, {"message", text}});
  }
}

// The same as the log says; fatal errors come back from the calls they break.
void on_error(rd_kafka_t* client, int code, const char* reason, void*) {
  log_debug("kafka.error",
            {{"client", rd_kafka_name(client)}, {"code", code}, {"message", reason}});
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string nearest_name(rd_kafka_conf_t* conf, const std::string& wanted) {
  std::size_t count = 0;
  const char** dump = rd_kafka_conf_dump(conf, &count);  // names and values in turn
  std::vector<std::string> names(other_names.begin(), other_names.end());
  for (std::size_t i = 0; i < count; i += 2) names.emplace_back(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
  std::string nearest;
  std::size_t best = wanted.size() / 2 + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(name, wanted);
    if (distance >= best) continue;
    best = distance;
    nearest = name;
  }
  return nearest;
}

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> text{};
  const auto outcome =
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size());
  if (outcome == RD_KAFKA_CONF_OK) return {};
  std::string message = fmt::format("kafka client property {}: {}", name, text.data());
  if (outcome == RD_KAFKA_CONF_UNKNOWN) {
    const std::string nearest = nearest_name(conf, name);
    message = fmt::format("kafka has no client property {}", name);
    if (!nearest.empty()) message += fmt::format("; did you mean {}?", nearest);
  }
  return halt("log.config", std::move(message));
}

// Sensible unless the user says otherwise.
const ClientConfig::Properties producer_defaults = {
    {"queue.buffering.max.kbytes", "65536"},
    {"queue.buffering.max.messages", "1000000"},
    {"retry.backoff.ms", "50"},
    {"linger.ms", "20"},  // a commit does not wait for it; see ClientConfig::producer
};
const ClientConfig::Properties consumer_defaults = {
    {"fetch.wait.max.ms", "100"},
    {"queued.max.messages.kbytes", "1024"},  // per partition
    {"fetch.error.backoff.ms", "50"},
};
const ClientConfig::Properties common_defaults = {
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "1000"},
    {"log.connection.close", "false"},
};

}  // namespace

Result<ClientConfig> ClientConfig::make(const KafkaOptions& options) {
  ClientConfig config(options);
  for (const auto& [name, value] : options.client) {
    if (std::find(fixed_names.begin(), fixed_names.end(), name) != fixed_names.end()) {
      return halt("log.config", fmt::format("kafka client property {} is set by tailrace itself: "
                                            "remove it",
                                            name));
    }
  }
  const ConfHandle conf(rd_kafka_conf_new());
  TAILRACE_TRY(config.set_user_properties(conf.get(), true));
  if (options.brokers.empty()) return halt("log.config", "kafka needs at least one broker");
  return config;
}

std::size_t ClientConfig::message_max_bytes() const {
  const auto found = options_.client.find("message.max.bytes");
  return found == options_.client.end() ? 1'000'000 : std::stoul(found->second);
}

Result<void> ClientConfig::set_user_properties(rd_kafka_conf_t* conf, bool producer) const {
  for (const auto& [name, value] : common_defaults) TAILRACE_TRY(set(conf, name, value));
  for (const auto& [name, value] : producer ? producer_defaults : consumer_defaults) {
    TAILRACE_TRY(set(conf, name, value));
  }
  for (const auto& [name, value] : options_.client) TAILRACE_TRY(set(conf, name, value));
  const std::string& id = options_.client_id;
  TAILRACE_TRY(set(conf, "client.id", id.empty() ? "tailrace" : id));
  return set(conf, "bootstrap.servers", options_.brokers);
}

Result<ClientHandle> ClientConfig::producer(const Properties& properties,
                                            const Prepare& prepare) const {
  Properties all = {{"enable.idempotence", "true"}, {"acks", "all"}};
  all.insert(all.end(), properties.begin(), properties.end());
  return open(RD_KAFKA_PRODUCER, all, prepare);
}

Result<ClientHandle> ClientConfig::consumer(const Properties& properties,
                                            const Prepare& prepare) const {
  Properties all = {{"enable.auto.commit", "false"},
                    {"enable.auto.offset.store", "false"},
                    {"auto.offset.reset", "error"},
                    {"check.crcs", "true"},
                    {"allow.auto.create.topics", "false"}};
  all.insert(all.end(), properties.begin(), properties.end());
  return open(RD_KAFKA_CONSUMER, all, prepare);
}

Result<ClientHandle> ClientConfig::open(rd_kafka_type_t type, const Properties& properties,
                                        const Prepare& prepare) const {
  ConfHandle conf(rd_kafka_conf_new());
  // A default, not a rule: what the user writes comes later and wins.
  if (type == RD_KAFKA_PRODUCER) TAILRACE_TRY(set(conf.get(), "compression.type", "lz4"));
  TAILRACE_TRY(set_user_properties(conf.get(), type == RD_KAFKA_PRODUCER));
  for (const auto& [name, value] : properties) TAILRACE_TRY(set(conf.get(), name, value));
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  if (prepare) prepare(conf.get());
  std::array<char, 512> text{};
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text.data(), text.size());
  if (client == nullptr) return halt("log.config", fmt::format("kafka client: {}", text.data()));
  static_cast<void>(conf.release());  // owned by the client now
  return ClientHandle(client);
}

}  // namespace tailrace::stream::kafka
