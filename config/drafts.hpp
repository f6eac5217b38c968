// The file as it is nested, before it becomes a PipelineSpec: only where the two differ.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/pipeline_spec.hpp"

namespace tailrace::config {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

struct ShardDraft {
  std::string name;
  Address address;
  std::string database;
};

struct StartDraft {
  StartAt at = StartAt::snapshot;
  std::string value;
};

struct TlsDraft {
  capture::TlsMode mode = capture::TlsMode::preferred;
  std::string ca;
};

struct MysqlDraft {
  std::string user;
  Secret password;
  std::vector<ShardDraft> shards;
  StartDraft start;
  bool newest_first = true;
  TlsDraft tls;
  SchemaPolicy on_schema_change;
};

struct SourceDraft {
  std::string name;
  MysqlDraft mysql;
};

struct StreamDraft {
  std::optional<stream::KafkaOptions> kafka;
};

struct MappingDraft {
  std::string dynamic = "strict";
  std::string overrides_json = "{}";
};

struct BatchDraft {
  std::optional<std::int64_t> docs;
  std::optional<std::int64_t> bytes;
  std::optional<std::int64_t> in_flight;
};

struct SqliteDraft {
  std::string path;
};

struct SinkDraft {
  std::string name;
  std::optional<SqliteDraft> sqlite;
  std::optional<sinks::ElasticsearchOptions> elasticsearch;
  std::optional<sinks::StdoutOptions> stdout_;
  std::string document;
  std::string alias;
  std::optional<MappingDraft> mapping;
  BatchDraft batch;
};

struct RetryDraft {
  Milliseconds from{};
  Milliseconds up_to{};
};

struct DeadLetterDraft {
  double pause_above = 0;
};

struct ErrorsDraft {
  RetryDraft retry;
  bool halt_on_poison = false;
  DeadLetterDraft dead_letter;
};

struct ServeDraft {
  Address listen;
  std::optional<Secret> token;
};

struct StateDraft {
  std::string dir;
};

struct LogDraft {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
};

struct PipelineDraft {
  std::int64_t language = 0;
  std::string name;
  SourceDraft source;
  std::vector<SourceDraft> sources;  // instead of `source`
  std::vector<TableSpec> tables;
  StreamDraft stream;
  std::optional<transform::EventsSpec> events;
  std::vector<transform::DocumentSpec> documents;
  std::vector<SinkDraft> sinks;
  ErrorsDraft errors;
  ServeDraft serve;
  StateDraft state;
  LogDraft log;
};

}  // namespace tailrace::config
