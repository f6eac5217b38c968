#include "engine/pipeline_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/bytes.hpp"
#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

using transform::SourceGroup;
using transform::SourceLayout;
using transform::SourceShard;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string bytes_of(std::uint64_t number) {
  std::string out;
  append_fixed(out, number);
  return out;
}

// One transaction over the control topic, by the only one who may write facts now.
class FactsTurn {
 public:
  FactsTurn(stream::EventLog& log, const Clock& clock, const FactsOptions& options)
      : log_(log), clock_(clock), options_(options) {
    if (options.turn != nullptr) lock_ = std::unique_lock(*options.turn);
  }
  Result<ControlState> begin() {
    TAILRACE_ASSIGN(writer_, log_.open_writer(options_.pipeline + ".control.facts"));
    return read_control(log_, options_.pipeline, clock_.now() + std::chrono::seconds(60), clock_);
  }
  Result<void> put(std::string_view key, const std::string& value) {
    return writer_->append({control_topic(options_.pipeline), 0, key, value, {}});
  }
  Result<void> put_hashes(const transform::PipelinePlan& plan) {
    for (const transform::DocumentPlan& document : plan.documents) {
      TAILRACE_TRY(put(spec_key(document.name), bytes_of(document.spec_hash)));
    }
    return {};
  }
  Result<void> commit() { return writer_->commit(); }

 private:
  stream::EventLog& log_;
  const Clock& clock_;
  const FactsOptions& options_;
  std::unique_lock<std::mutex> lock_;
  std::unique_ptr<stream::LogWriter> writer_;
};

Result<void> refuse_new_documents(const ControlState& control, const FactsOptions& options) {
  if (control.positions.empty()) return {};
  for (const transform::DocumentSpec& document : options.documents) {
    if (control.spec_hashes.contains(document.name)) continue;
    return halt(
        "spec.new_document",
        fmt::format("document '{}' was added to a pipeline that already runs; its first load "
                    "is not supported yet: run it as a pipeline of its own name",
                    document.name));
  }
  return {};
}

// What a document, a key or a mapping depends on. Values come as UTF-8 whatever the character set.
bool agree(ColumnType a, ColumnType b) {
  a.nullable = b.nullable;
  a.charset = b.charset;
  a.collation = b.collation;
  if (a.kind == ColumnKind::json) a.length = b.length;
  return a == b;
}

std::vector<std::string> key_of(const TableSchema& schema) {
  std::vector<std::string> names;
  for (const std::uint32_t column : schema.primary_key)
    names.push_back(schema.columns[column].name);
  return names;
}

Failure differ(const std::string& shard, const TableSchema& table, const std::string& what) {
  return halt("schema.shards_differ",
              fmt::format("shard '{}': table {} {}; the tables of all shards must agree: alter it "
                          "there, or leave the column out with tables.{}.exclude",
                          shard, table.id.text(), what, table.id.table));
}

const TableSchema* find(const std::vector<TableSchema>& schemas, const std::string& table) {
  const auto at = std::find_if(schemas.begin(), schemas.end(),
                               [&](const TableSchema& known) { return known.id.table == table; });
  return at == schemas.end() ? nullptr : &*at;
}

Result<void> check_table(const std::string& shard, const TableSchema& own,
                         const TableSchema& saved) {
  for (const Column& column : saved.columns) {
    const auto at = own.find(column.name);
    if (!at) return differ(shard, own, fmt::format("has no column '{}'", column.name));
    if (agree(own.columns[*at].type, column.type)) continue;
    return differ(shard, own, fmt::format("has another type for column '{}'", column.name));
  }
  for (const Column& column : own.columns) {
    if (saved.find(column.name)) continue;
    return differ(shard, own,
                  fmt::format("has a column '{}' that the other shards do not have", column.name));
  }
  if (key_of(own) == key_of(saved)) return {};
  return differ(shard, own, "has another primary key");
}

}  // namespace

Result<std::vector<std::string>> shard_names(const SourceLayout& layout,
                                             const ControlState& control) {
  std::vector<std::string> names = control.shards;
  // A log from before shards had indexes has one.
  if (names.empty()) {
    for (const auto& [name, position] : control.positions) names.push_back(name);
  }
  const std::size_t known = names.size();
  for (const SourceGroup& group : layout.groups) {
    for (const SourceShard& shard : group.shards) {
      if (!contains(names, shard.name)) names.push_back(shard.name);
    }
  }
  const std::vector<std::string> in_file = layout.names_in_order();
  for (std::size_t i = 0; i < known; ++i) {
    if (contains(in_file, names[i])) continue;
    return halt("spec.shard_removed",
                fmt::format("shard '{}' was read before and is not in the file: its rows would "
                            "stay in the documents for ever. Write it again (a shard keeps its "
                            "name), or build the documents anew under another pipeline name",
                            names[i]));
  }
  return names;
}

SourceLayout indexed(SourceLayout layout, const std::vector<std::string>& names) {
  for (SourceGroup& group : layout.groups) {
    for (SourceShard& shard : group.shards) {
      const auto at = std::find(names.begin(), names.end(), shard.name);
      shard.index = static_cast<std::uint8_t>(at - names.begin());
    }
  }
  return layout;
}

bool has_facts(const ControlState& control, const FactsOptions& options) {
  const bool named = control.identity || options.log_id.empty();
  if (!control.schemas || !named) return false;
  for (const std::string& shard : options.layout.names_in_order()) {
    if (!contains(control.shards, shard)) return false;
  }
  return std::all_of(options.documents.begin(), options.documents.end(), [&](const auto& document) {
    return control.spec_hashes.contains(document.name);
  });
}

Result<ControlState> settle_facts(stream::EventLog& log, const Clock& clock,
                                  const FactsOptions& options, const ReadSchemas& read_schemas) {
  FactsTurn turn(log, clock, options);
  TAILRACE_ASSIGN(ControlState control, turn.begin());
  if (has_facts(control, options)) return control;
  TAILRACE_TRY(refuse_new_documents(control, options));
  TAILRACE_ASSIGN(std::vector<std::string> names, shard_names(options.layout, control));
  const bool has_schemas = control.schemas.has_value();
  if (!has_schemas) {
    control.schemas.emplace();
    TAILRACE_ASSIGN(control.schemas->tables, read_schemas());
  }
  TAILRACE_ASSIGN(const auto plan,
                  transform::compile_plan(options.documents, control.schemas->tables,
                                          indexed(options.layout, names)));
  TAILRACE_TRY(log.ensure_topics(
      topics_of_plan(options.pipeline, plan, options.partitions, log.keeps_state())));
  if (!has_schemas) TAILRACE_TRY(turn.put(schemas_key, encode(*control.schemas)));
  if (control.positions.empty()) {
    TAILRACE_TRY(turn.put_hashes(plan));
    for (const auto& document : plan.documents)
      control.spec_hashes[document.name] = document.spec_hash;
  }
  if (!control.identity && !options.log_id.empty()) {
    control.identity = sinks::LogIdentity{options.log_id, 0};
    TAILRACE_TRY(turn.put(identity_key, encode(*control.identity)));
  }
  control.shards = std::move(names);
  TAILRACE_TRY(turn.put(shards_key, encode_shards(control.shards)));
  TAILRACE_TRY(turn.commit());
  return control;
}

Result<SavedSchemas> save_grown(stream::EventLog& log, const Clock& clock,
                                const FactsOptions& options,
                                const std::vector<TableSchema>& grown) {
  FactsTurn turn(log, clock, options);
  TAILRACE_ASSIGN(const ControlState control, turn.begin());
  if (!control.schemas) return halt("control.malformed", "the control topic has lost its schemas");
  SavedSchemas saved = *control.schemas;
  bool more = false;
  for (TableSchema& table : saved.tables) {
    const TableSchema* const wider = find(grown, table.id.table);
    if (wider == nullptr) continue;
    for (const Column& column : wider->columns) {
      const auto at = table.find(column.name);
      if (!at) {
        table.columns.push_back(column);
        more = true;
      } else if (!agree(table.columns[*at].type, column.type)) {
        return halt("schema.shards_differ",
                    fmt::format("column '{}' was added to {} with another type than on another "
                                "shard; give it the same type everywhere",
                                column.name, wider->id.text()));
      }
    }
  }
  if (!more) return saved;
  ++saved.version;
  TAILRACE_ASSIGN(const std::vector<std::string> names, shard_names(options.layout, control));
  TAILRACE_ASSIGN(const auto plan, transform::compile_plan(options.documents, saved.tables,
                                                           indexed(options.layout, names)));
  TAILRACE_TRY(turn.put(schemas_key, encode(saved)));
  TAILRACE_TRY(turn.put_hashes(plan));
  TAILRACE_TRY(turn.commit());
  return saved;
}

Result<void> check_added(const std::string& shard, const std::vector<std::string>& added,
                         const TableSchema& now, const std::vector<TableSchema>& saved) {
  const TableSchema* const known = find(saved, now.id.table);
  if (known == nullptr) return {};
  for (const std::string& name : added) {
    const auto here = now.find(name);
    const auto there = known->find(name);
    if (!here || !there || agree(now.columns[*here].type, known->columns[*there].type)) continue;
    return differ(shard, now, fmt::format("got a column '{}' of another type", name));
  }
  return {};
}

Result<void> check_agreement(const std::string& shard, const std::vector<TableSchema>& own,
                             const std::vector<TableSchema>& saved) {
  for (const TableSchema& table : own) {
    const TableSchema* const known = find(saved, table.id.table);
    if (known == nullptr) continue;  // a table of events that were added
    TAILRACE_TRY(check_table(shard, table, *known));
  }
  return {};
}

}  // namespace tailrace::engine
