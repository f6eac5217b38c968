#include "app/wiring.hpp"

#include <algorithm>
#include <filesystem>

#include "app/admin/url.hpp"
#include "capture/catalog.hpp"
#include "capture/server_root_reader.hpp"
#include "sinks/elasticsearch/elasticsearch_sink.hpp"
#include "sinks/sqlite/sqlite_sink.hpp"
#include "sinks/stdout/stdout_sink.hpp"
#include "stream/embedded/embedded_log.hpp"
#include "stream/kafka/kafka_log.hpp"
#include "transform/event_mapper.hpp"
#include "transform/projection/cascades.hpp"

namespace tailrace::app {

namespace {

const config::TableSpec* table_spec(const config::PipelineSpec& spec, std::string_view table) {
  const auto at = std::find_if(spec.tables.begin(), spec.tables.end(),
                               [&](const config::TableSpec& known) { return known.name == table; });
  return at == spec.tables.end() ? nullptr : &*at;
}

void add_table(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// Columns of `table` that somebody uses; empty: all of them.
std::vector<std::string> used_columns(const config::PipelineSpec& spec,
                                      const transform::PipelinePlan& plan,
                                      const std::string& table) {
  std::vector<std::string> columns = plan.used_columns(table);
  if (!spec.events || !transform::EventMapper::uses_table(*spec.events, table)) return columns;
  const auto of_events = transform::EventMapper::used_columns(*spec.events, table);
  if (of_events.empty()) return {};
  for (const std::string& column : of_events) add_table(columns, column);
  return columns;
}

void drop_excluded(const config::PipelineSpec& spec, std::vector<TableSchema>& schemas) {
  for (TableSchema& schema : schemas) {
    const config::TableSpec* const written = table_spec(spec, schema.id.table);
    if (written == nullptr) continue;
    for (const std::string& name : written->exclude) {
      const auto at = schema.find(name);
      if (!at) continue;
      schema.columns.erase(schema.columns.begin() + *at);
      for (std::uint32_t& column : schema.primary_key) column -= column > *at ? 1 : 0;
    }
  }
}

// Of files there is one.
const config::ShardSpec& the_shard(const config::PipelineSpec& spec) {
  return spec.sources[0].shards[0];
}

// In the order of `tables`, named as the shard names its database.
std::vector<TableSchema> schemas_of(const std::vector<capture::TableSelection>& tables,
                                    const std::vector<TableSchema>& schemas,
                                    const std::string& database) {
  std::vector<TableSchema> own;
  for (const capture::TableSelection& table : tables) {
    const auto at = std::find_if(schemas.begin(), schemas.end(), [&](const TableSchema& schema) {
      return schema.id.table == table.table;
    });
    if (at == schemas.end()) continue;
    own.push_back(*at);
    own.back().id.database = database;
  }
  return own;
}

Result<void> make_spool_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return {};
  return halt("state.directory", "cannot create " + folder + ": " + error.message());
}

void add_child_shape(std::vector<sinks::FieldShape>& fields, const transform::DocumentPlan& plan,
                     const transform::PlanNode& node, const std::vector<TableSchema>& schemas);

sinks::FieldShape shape_of_node(const transform::DocumentPlan& plan,
                                const transform::PlanNode& node,
                                const std::vector<TableSchema>& schemas) {
  sinks::FieldShape shape;
  shape.name = node.name;
  shape.kind = node.kind == transform::NodeKind::child && !node.one
                   ? sinks::FieldShape::Kind::list
                   : sinks::FieldShape::Kind::object;
  const auto schema = std::find_if(schemas.begin(), schemas.end(), [&](const TableSchema& known) {
    return known.id.table == node.table;
  });
  for (const transform::OutputField& field : node.fields) {
    sinks::FieldShape column;
    column.name = field.name;
    column.column = schema->columns[node.table_columns[field.slot]].type;
    shape.fields.push_back(std::move(column));
  }
  for (const transform::NodeId lookup : node.lookups) {
    shape.fields.push_back(shape_of_node(plan, plan.nodes[lookup], schemas));
  }
  for (const transform::NodeId child : node.children) {
    add_child_shape(shape.fields, plan, plan.nodes[child], schemas);
  }
  return shape;
}

sinks::FieldShape shape_of_value(const std::string& name, ColumnType type) {
  sinks::FieldShape shape;
  shape.name = name;
  shape.column = std::move(type);
  return shape;
}

// A child's rows, or what they are shown as, and the flag of its cap in front of them.
void add_child_shape(std::vector<sinks::FieldShape>& fields, const transform::DocumentPlan& plan,
                     const transform::PlanNode& node, const std::vector<TableSchema>& schemas) {
  if (node.hidden) return;
  if (!node.cap_flag.empty()) {
    ColumnType flag;
    flag.kind = ColumnKind::tinyint;
    flag.as_boolean = true;
    fields.push_back(shape_of_value(node.cap_flag, std::move(flag)));
  }
  sinks::FieldShape shape = shape_of_node(plan, node, schemas);
  if (node.flatten != 0)
    shape.fields = shape_of_node(plan, plan.nodes[node.flatten], schemas).fields;
  fields.push_back(std::move(shape));
}

}  // namespace

Result<std::unique_ptr<stream::EventLog>> open_log(const config::PipelineSpec& spec) {
  if (const auto* kafka = std::get_if<stream::KafkaOptions>(&spec.stream))
    return stream::open_kafka(*kafka);
  return stream::open_embedded(std::get<stream::EmbeddedOptions>(spec.stream));
}

stream::Partition partitions_of(const config::PipelineSpec& spec) {
  return std::visit([](const auto& options) { return stream::Partition{options.partitions}; },
                    spec.stream);
}

std::vector<ShardPlace> shards_of(const config::PipelineSpec& spec) {
  std::vector<ShardPlace> places;
  for (std::size_t group = 0; group < spec.sources.size(); ++group) {
    for (const config::ShardSpec& shard : spec.sources[group].shards) {
      places.push_back({&spec.sources[group], &shard, group});
    }
  }
  return places;
}

transform::SourceLayout layout_of(const config::PipelineSpec& spec) {
  transform::SourceLayout layout;
  layout.groups.clear();
  for (const config::SourceSpec& source : spec.sources) {
    transform::SourceGroup& group = layout.groups.emplace_back();
    group.name = source.name;
    for (const config::ShardSpec& shard : source.shards) group.shards.push_back({shard.name, 0});
  }
  for (const config::TableSpec& table : spec.tables) {
    for (std::size_t group = 0; group < spec.sources.size(); ++group) {
      if (spec.sources[group].name == table.source) layout.tables[table.name] = group;
    }
  }
  return layout;
}

std::vector<capture::TableSelection> select_tables(const config::PipelineSpec& spec,
                                                   std::size_t group,
                                                   const transform::PipelinePlan* plan) {
  const transform::SourceLayout layout = layout_of(spec);
  std::vector<std::string> names = transform::referenced_tables(spec.documents);
  if (spec.events) {
    for (const transform::EventRule& rule : spec.events->rules) add_table(names, rule.table);
  }
  std::vector<capture::TableSelection> tables;
  for (const std::string& name : names) {
    if (layout.group_of(name) != group) continue;
    capture::TableSelection table;
    table.table = name;
    if (plan != nullptr) table.columns = used_columns(spec, *plan, name);
    table.lookup = transform::is_lookup_table(spec.documents, name);
    table.newest_first = spec.sources[group].newest_first;
    if (const config::TableSpec* written = table_spec(spec, name)) {
      table.booleans = written->booleans;
      table.decimals_as_numbers = written->decimals_as_numbers;
      for (const transform::CascadeSpec& cascade : written->cascades)
        table.cascades.push_back({cascade.on, cascade.references, cascade.set_null});
    }
    for (const transform::CascadeSpec& cascade : transform::followable(spec.documents, name))
      table.may_declare.push_back({cascade.on, cascade.references, false});
    tables.push_back(std::move(table));
  }
  return tables;
}

Result<std::vector<TableSchema>> read_schemas(const config::PipelineSpec& spec,
                                              const ShardPlace& place) {
  TAILRACE_ASSIGN(
      std::vector<TableSchema> schemas,
      capture::read_table_schemas(place.shard->mysql, select_tables(spec, place.group, nullptr)));
  drop_excluded(spec, schemas);
  return schemas;
}

Result<std::vector<TableSchema>> read_schemas(const config::PipelineSpec& spec) {
  std::vector<TableSchema> all;
  for (std::size_t group = 0; group < spec.sources.size(); ++group) {
    Result<std::vector<TableSchema>> schemas = all;
    for (const config::ShardSpec& shard : spec.sources[group].shards) {
      schemas = read_schemas(spec, {&spec.sources[group], &shard, group});
      if (schemas || schemas.error().disposition != Disposition::retry) break;
    }
    if (!schemas) return schemas;
    std::move(schemas->begin(), schemas->end(), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<TableSchema>> read_schemas(const config::PipelineSpec& spec,
                                              const ReplayInput& input) {
  TAILRACE_ASSIGN(std::vector<TableSchema> schemas,
                  capture::read_file_schemas(input.files, the_shard(spec).mysql.database,
                                             select_tables(spec, 0, nullptr), input.known));
  drop_excluded(spec, schemas);
  return schemas;
}

TableSchema fit_to_file(const config::PipelineSpec& spec, TableSchema schema) {
  std::vector<TableSchema> one{std::move(schema)};
  drop_excluded(spec, one);
  const config::TableSpec* const written = table_spec(spec, one[0].id.table);
  if (written == nullptr) return std::move(one[0]);
  for (Column& column : one[0].columns) {
    const auto& booleans = written->booleans;
    column.type.as_boolean =
        std::find(booleans.begin(), booleans.end(), column.name) != booleans.end();
    column.type.decimal_as_number =
        written->decimals_as_numbers && column.type.kind == ColumnKind::decimal;
  }
  return std::move(one[0]);
}

namespace {

Result<capture::BinlogSourceOptions> source_options(const config::PipelineSpec& spec,
                                                    const ShardPlace& place,
                                                    const std::vector<TableSchema>& schemas) {
  TAILRACE_ASSIGN(const transform::PipelinePlan plan,
                  transform::compile_plan(spec.documents, schemas));
  capture::BinlogSourceOptions options;
  options.mysql = place.shard->mysql;
  options.tables = select_tables(spec, place.group, &plan);
  options.schemas = schemas_of(options.tables, schemas, place.shard->mysql.database);
  options.pipeline = spec.name;
  options.shard = place.shard->name;
  options.queue_bytes = 8u << 20;
  return options;
}

}  // namespace

Result<std::unique_ptr<capture::BinlogSource>> make_source(
    const config::PipelineSpec& spec, const ShardPlace& place,
    const std::vector<TableSchema>& schemas) {
  TAILRACE_ASSIGN(capture::BinlogSourceOptions options, source_options(spec, place, schemas));
  TAILRACE_TRY(make_spool_folder(options.mysql.spool_dir));
  return capture::BinlogSource::create(std::move(options));
}

Result<std::unique_ptr<capture::RootReader>> make_root_reader(
    const config::PipelineSpec& spec, const ShardPlace& place,
    const std::vector<TableSchema>& schemas) {
  TAILRACE_ASSIGN(const capture::BinlogSourceOptions options, source_options(spec, place, schemas));
  TAILRACE_ASSIGN(auto reader, capture::ServerRootReader::create(options));
  return std::unique_ptr<capture::RootReader>(std::move(reader));
}

Result<std::unique_ptr<capture::FileSource>> make_source(const config::PipelineSpec& spec,
                                                         const ReplayInput& input,
                                                         const std::vector<TableSchema>& schemas) {
  TAILRACE_ASSIGN(const transform::PipelinePlan plan,
                  transform::compile_plan(spec.documents, schemas));
  const capture::MysqlOptions& mysql = the_shard(spec).mysql;
  TAILRACE_TRY(make_spool_folder(mysql.spool_dir));
  return capture::FileSource::create({.files = input.files,
                                      .tables = select_tables(spec, 0, &plan),
                                      .schemas = schemas,
                                      .known = input.known,
                                      .spool = {mysql.spool_above_bytes, mysql.spool_dir}});
}

sinks::DocumentShape shape_of(const config::PipelineSpec&, const transform::DocumentPlan& plan,
                              const std::vector<TableSchema>& schemas) {
  sinks::DocumentShape shape;
  shape.document = plan.name;
  shape.fields = shape_of_node(plan, plan.nodes[0], schemas).fields;
  for (const transform::NodeId child : plan.children) {
    add_child_shape(shape.fields, plan, plan.nodes[child], schemas);
  }
  for (const transform::ComputedField& field : plan.computed) {
    shape.fields.push_back(shape_of_value(field.name, field.type));
  }
  return shape;
}

Result<std::unique_ptr<sinks::DocumentSink>> make_sink(const sinks::SinkSpec& sink,
                                                       const sinks::DocumentShape& shape) {
  if (const auto* options = std::get_if<sinks::SqliteOptions>(&sink.options)) {
    return sinks::open_sqlite_sink(*options);
  }
  if (const auto* options = std::get_if<sinks::ElasticsearchOptions>(&sink.options)) {
    // On one machine, sending bytes costs less than packing and unpacking them.
    sinks::ElasticsearchOptions chosen = *options;
    chosen.gzip = !std::all_of(chosen.urls.begin(), chosen.urls.end(), is_local_url);
    return sinks::open_elasticsearch_sink(chosen, shape);
  }
  return sinks::open_stdout_sink(std::get<sinks::StdoutOptions>(sink.options));
}

engine::SinkLaneOptions lane_options(const config::PipelineSpec& spec,
                                     const sinks::SinkSpec& sink) {
  engine::SinkLaneOptions options;
  options.name = sink.name;
  options.retry = {spec.errors.retry_from, spec.errors.retry_up_to};
  if (const auto* sqlite = std::get_if<sinks::SqliteOptions>(&sink.options)) {
    options.max_documents = sqlite->batch_documents;
    options.max_bytes = sqlite->batch_bytes;
  } else if (const auto* search = std::get_if<sinks::ElasticsearchOptions>(&sink.options)) {
    // One batch of the lane feeds all of the sink's connections.
    const auto requests = static_cast<std::size_t>(search->in_flight);
    options.max_documents = search->batch_documents * requests;
    options.max_bytes = search->batch_bytes * requests;
  }
  return options;
}

}  // namespace tailrace::app
