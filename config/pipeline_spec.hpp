// The pipeline file, decoded and defaulted: what app/wiring builds adaptors from.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "capture/mysql_options.hpp"
#include "core/log.hpp"
#include "core/schema_policy.hpp"
#include "core/secret.hpp"
#include "sinks/sink_spec.hpp"
#include "stream/embedded/embedded_options.hpp"
#include "stream/kafka/kafka_options.hpp"
#include "transform/document_spec.hpp"
#include "transform/event_spec.hpp"

namespace tailrace::config {

enum class StartAt : std::uint8_t { snapshot, now, gtid, position };

struct ShardSpec {
  std::string name;
  capture::MysqlOptions mysql;
};

// Servers with the same tables.
struct SourceSpec {
  std::string name;  // of `sources`; empty: `source`, the only one
  std::vector<ShardSpec> shards;
  StartAt start = StartAt::snapshot;
  std::string start_value;   // the GTID set or file:pos
  bool newest_first = true;  // snapshot_order
  std::string time_zone;     // of DATETIME; empty: none
  SchemaPolicy on_schema_change;
};

struct TableSpec {
  std::string name;
  std::string source;  // empty: the only one
  std::vector<std::string> exclude;
  std::vector<std::string> booleans;
  bool decimals_as_numbers = false;
  std::vector<transform::CascadeSpec> cascades;
};

struct ErrorPolicy {
  Milliseconds retry_from{200};
  Milliseconds retry_up_to{30000};
  bool halt_on_poison = false;
  double pause_above_per_second = 0;  // dead letters; 0: never
};

struct ServeSpec {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8642;    // 0: any free port
  std::optional<Secret> token;  // nullopt: a random one in state.dir
};

struct PipelineSpec {
  std::string file;  // as given
  std::string name;
  std::vector<SourceSpec> sources;
  std::vector<TableSpec> tables;
  std::variant<stream::EmbeddedOptions, stream::KafkaOptions> stream;
  std::optional<transform::EventsSpec> events;
  std::vector<transform::DocumentSpec> documents;
  std::vector<sinks::SinkSpec> sinks;  // after defaults: SQLite in state.dir where none is written
  ErrorPolicy errors;
  ServeSpec serve;
  std::string state_dir;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
};

}  // namespace tailrace::config
