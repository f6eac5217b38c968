// Builds adaptors from the pipeline file: the only place that knows every concrete one.
// Threading: free functions, any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/binlog_source.hpp"
#include "capture/file_source.hpp"
#include "capture/root_reader.hpp"
#include "config/pipeline_spec.hpp"
#include "core/result.hpp"
#include "engine/capture_role.hpp"
#include "engine/sink_lane.hpp"
#include "sinks/document_shape.hpp"
#include "sinks/document_sink.hpp"
#include "stream/event_log.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::app {

Result<std::unique_ptr<stream::EventLog>> open_log(const config::PipelineSpec& spec);
stream::Partition partitions_of(const config::PipelineSpec& spec);

// One database that is captured. Threading: refers to the spec.
struct ShardPlace {
  const config::SourceSpec* source;
  const config::ShardSpec* shard;
  std::size_t group;  // of the source, in the layout
};
std::vector<ShardPlace> shards_of(const config::PipelineSpec& spec);
// Without indexes: engine/pipeline_facts.hpp gives them.
transform::SourceLayout layout_of(const config::PipelineSpec& spec);

// Tables of one source that documents and events refer to; with `plan` each with the columns that
// travel.
std::vector<capture::TableSelection> select_tables(const config::PipelineSpec& spec,
                                                   std::size_t group,
                                                   const transform::PipelinePlan* plan);
// Schemas of the selected tables of all sources, each as the first of its shards that answers has
// them, without excluded columns.
Result<std::vector<TableSchema>> read_schemas(const config::PipelineSpec& spec);
// Those of one shard.
Result<std::vector<TableSchema>> read_schemas(const config::PipelineSpec& spec,
                                              const ShardPlace& place);
// One table the same way: without excluded columns, shown as the file says.
TableSchema fit_to_file(const config::PipelineSpec& spec, TableSchema schema);
// `schemas` of all sources as read_schemas gave them, now or in an earlier run.
Result<std::unique_ptr<capture::BinlogSource>> make_source(const config::PipelineSpec& spec,
                                                           const ShardPlace& place,
                                                           const std::vector<TableSchema>& schemas);

Result<std::unique_ptr<capture::RootReader>> make_root_reader(
    const config::PipelineSpec& spec, const ShardPlace& place,
    const std::vector<TableSchema>& schemas);

// Binlog files in place of the server, of a pipeline with one shard.
struct ReplayInput {
  std::vector<std::string> files;
  capture::KnownSchemas known;
};
// Schemas of the selected tables as the files have them, without excluded columns.
Result<std::vector<TableSchema>> read_schemas(const config::PipelineSpec& spec,
                                              const ReplayInput& input);
Result<std::unique_ptr<capture::FileSource>> make_source(const config::PipelineSpec& spec,
                                                         const ReplayInput& input,
                                                         const std::vector<TableSchema>& schemas);

sinks::DocumentShape shape_of(const config::PipelineSpec& spec, const transform::DocumentPlan& plan,
                              const std::vector<TableSchema>& schemas);
Result<std::unique_ptr<sinks::DocumentSink>> make_sink(const sinks::SinkSpec& sink,
                                                       const sinks::DocumentShape& shape);
engine::SinkLaneOptions lane_options(const config::PipelineSpec& spec, const sinks::SinkSpec& sink);

}  // namespace tailrace::app
