#include "config/assemble.hpp"

#include <utility>

namespace tailrace::config {
namespace {

SourceSpec source_of(SourceDraft source, const ErrorsDraft& errors, const std::string& state_dir) {
  MysqlDraft& draft = source.mysql;
  SourceSpec out;
  out.name = std::move(source.name);
  out.start = draft.start.at;
  out.start_value = std::move(draft.start.value);
  out.newest_first = draft.newest_first;
  out.on_schema_change = draft.on_schema_change;
  for (ShardDraft& shard : draft.shards) {
    capture::MysqlOptions mysql;
    mysql.host = std::move(shard.address.host);
    mysql.port = shard.address.port;
    mysql.database = std::move(shard.database);
    mysql.user = draft.user;
    mysql.password = draft.password;
    mysql.tls = draft.tls.mode;
    mysql.tls_ca = draft.tls.ca;
    mysql.reconnect_from = errors.retry.from;
    mysql.reconnect_up_to = errors.retry.up_to;
    mysql.spool_dir = state_dir + "/spool";
    out.shards.push_back({std::move(shard.name), std::move(mysql)});
  }
  return out;
}

std::string inside(const std::string& state_dir, const std::string& path) {
  return path.starts_with('/') ? path : state_dir + "/" + path;
}

sinks::SqliteOptions sqlite_of(const SinkDraft& draft, const std::string& state_dir) {
  sinks::SqliteOptions out;
  out.path = inside(state_dir, draft.sqlite->path);
  out.document = draft.document;
  if (draft.batch.docs) out.batch_documents = static_cast<std::size_t>(*draft.batch.docs);
  if (draft.batch.bytes) out.batch_bytes = static_cast<std::size_t>(*draft.batch.bytes);
  return out;
}

sinks::ElasticsearchOptions elasticsearch_of(SinkDraft& draft) {
  sinks::ElasticsearchOptions out = std::move(*draft.elasticsearch);
  out.alias = draft.alias.empty() ? draft.document : draft.alias;
  if (draft.mapping) {
    out.dynamic = draft.mapping->dynamic;
    out.overrides_json = draft.mapping->overrides_json;
  }
  if (draft.batch.docs) out.batch_documents = static_cast<std::size_t>(*draft.batch.docs);
  if (draft.batch.bytes) out.batch_bytes = static_cast<std::size_t>(*draft.batch.bytes);
  if (draft.batch.in_flight) out.in_flight = static_cast<int>(*draft.batch.in_flight);
  return out;
}

sinks::SinkSpec sink_of(SinkDraft draft, const std::string& state_dir) {
  sinks::SinkSpec out;
  out.name = draft.name;
  out.document = draft.document;
  if (draft.sqlite) {
    out.options = sqlite_of(draft, state_dir);
  } else if (draft.elasticsearch) {
    out.options = elasticsearch_of(draft);
  } else if (draft.stdout_) {
    out.options = *draft.stdout_;
  }
  return out;
}

// Nothing written: one SQLite file for all documents, so that search works at once.
std::vector<SinkDraft> default_sinks(const std::vector<transform::DocumentSpec>& documents) {
  std::vector<SinkDraft> out;
  for (const transform::DocumentSpec& document : documents) {
    SinkDraft sink;
    sink.name = "sqlite-" + document.name;
    sink.document = document.name;
    sink.sqlite = SqliteDraft{"documents.db"};
    out.push_back(std::move(sink));
  }
  return out;
}

// Every document knows them all: transform finds those that concern it.
std::vector<transform::CascadeSpec> cascades_of(const std::vector<TableSpec>& tables) {
  std::vector<transform::CascadeSpec> out;
  for (const TableSpec& table : tables) {
    for (transform::CascadeSpec cascade : table.cascades) {
      cascade.table = table.name;
      out.push_back(std::move(cascade));
    }
  }
  return out;
}

}  // namespace

PipelineSpec assemble(PipelineDraft draft, std::string file) {
  PipelineSpec out;
  out.file = std::move(file);
  out.name = draft.name;
  out.state_dir = draft.state.dir.empty() ? "./.tailrace/" + draft.name : draft.state.dir;
  while (out.state_dir.size() > 1 && out.state_dir.ends_with('/')) out.state_dir.pop_back();
  if (draft.sources.empty()) draft.sources.push_back(std::move(draft.source));
  for (SourceDraft& source : draft.sources) {
    out.sources.push_back(source_of(std::move(source), draft.errors, out.state_dir));
  }
  out.tables = std::move(draft.tables);
  for (transform::DocumentSpec& document : draft.documents)
    document.cascades = cascades_of(out.tables);
  if (draft.stream.kafka) {
    draft.stream.kafka->client_id = out.name;
    out.stream = std::move(*draft.stream.kafka);
  } else {
    stream::EmbeddedOptions embedded;
    embedded.path = out.state_dir + "/log";
    out.stream = std::move(embedded);
  }
  out.events = std::move(draft.events);
  if (draft.sinks.empty()) draft.sinks = default_sinks(draft.documents);
  out.documents = std::move(draft.documents);
  for (SinkDraft& sink : draft.sinks) out.sinks.push_back(sink_of(std::move(sink), out.state_dir));
  out.errors.retry_from = draft.errors.retry.from;
  out.errors.retry_up_to = draft.errors.retry.up_to;
  out.errors.halt_on_poison = draft.errors.halt_on_poison;
  out.errors.pause_above_per_second = draft.errors.dead_letter.pause_above;
  out.serve.host = std::move(draft.serve.listen.host);
  out.serve.port = draft.serve.listen.port;
  out.serve.token = std::move(draft.serve.token);
  out.log_level = draft.log.level;
  out.log_format = draft.log.format;
  return out;
}

}  // namespace tailrace::config
