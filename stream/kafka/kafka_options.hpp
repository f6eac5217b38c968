// Options of the Kafka log.
// Threading: plain values.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace tailrace::stream {

struct KafkaOptions {
  std::string brokers;                         // "host:port,host:port"
  int partitions = 16;                         // of a new change log; fixed afterwards
  int replicas = 1;
  std::map<std::string, std::string> client;   // librdkafka's own names; secrets already resolved
  std::string client_id;                       // "<pipeline>"

  // Of topics kept by time that we create; existing topics keep their own.
  std::chrono::hours retention{7 * 24};
  // How soon a silent worker's partitions go to others. The broker's least is usually 6 s.
  std::chrono::milliseconds session_timeout{10'000};
  // How long a killed worker's commit may hide its offsets; not longer than session_timeout.
  std::chrono::milliseconds commit_timeout{10'000};
  // How long a killed capture's transaction may hold up read_committed readers.
  std::chrono::milliseconds writer_timeout{30'000};
  // How long a call waits for a broker before it reports retry.
  std::chrono::milliseconds call_timeout{10'000};
};

}  // namespace tailrace::stream
