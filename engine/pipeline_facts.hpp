// What all captures and projectors of a pipeline agree on, kept in the control topic: the index of
// each shard, the schemas that the plan is compiled from, each document's spec hash, and the log's
// identity. Written by whoever needs them first, by one writer at a time: its own name fences
// every earlier one in other processes, a mutex those in this one.
// Threading: free functions, any thread.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "engine/control_records.hpp"
#include "stream/event_log.hpp"
#include "transform/document_spec.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/source_layout.hpp"

namespace tailrace::engine {

struct FactsOptions {
  std::string pipeline;
  std::vector<transform::DocumentSpec> documents;
  transform::SourceLayout layout;    // as the file has it: indexes do not count
  std::string log_id;                // of a log that has none yet; empty: do not name it
  stream::Partition partitions = 4;  // of each document's topics
  std::mutex* turn = nullptr;        // of the captures of this process; nullptr: there is one
};

// Shard names by index: those that the log knows, and behind them those that are new in the file.
// Error halt "spec.shard_removed": a shard that the log knows is not in the file.
Result<std::vector<std::string>> shard_names(const transform::SourceLayout& layout,
                                             const ControlState& control);
// The layout with the indexes of `names`, which has all of its shards.
transform::SourceLayout indexed(transform::SourceLayout layout,
                                const std::vector<std::string>& names);

// Whether somebody has written all facts of `layout` and `documents`.
bool has_facts(const ControlState& control, const FactsOptions& options);

using ReadSchemas = std::function<Result<std::vector<TableSchema>>()>;
// Writes what is missing and returns what is saved now. Who reads the facts may rely on the topics
// of the plan: they are made first.
// Error halt "spec.new_document": the pipeline runs already, without this document.
Result<ControlState> settle_facts(stream::EventLog& log, const Clock& clock,
                                  const FactsOptions& options, const ReadSchemas& read_schemas);

// Adds the columns that `grown` has more than what is saved, and returns what is saved now. Another
// shard may have got them first. Error halt "schema.shards_differ".
Result<SavedSchemas> save_grown(stream::EventLog& log, const Clock& clock,
                                const FactsOptions& options, const std::vector<TableSchema>& grown);

// A column that the source has now and that another shard had first. Error halt
// "schema.shards_differ": its type is another one.
Result<void> check_added(const std::string& shard, const std::vector<std::string>& added,
                         const TableSchema& now, const std::vector<TableSchema>& saved);

// The tables of one shard against the saved ones. Error halt "schema.shards_differ" names the
// shard, the column and the cure.
Result<void> check_agreement(const std::string& shard, const std::vector<TableSchema>& own,
                             const std::vector<TableSchema>& saved);

}  // namespace tailrace::engine
