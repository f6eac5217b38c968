#include "engine/capture_role.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/assert.hpp"
#include "core/log.hpp"
#include "engine/topics.hpp"
#include "transform/projection/change_record.hpp"

namespace tailrace::engine {

namespace {

transform::SourceLayout only(const std::string& shard) {
  transform::SourceLayout layout;
  layout.groups[0].shards[0].name = shard;
  return layout;
}

}  // namespace

CaptureRole::CaptureRole(CaptureOptions options, CaptureDependencies dependencies)
    : options_(std::move(options)),
      deps_(std::move(dependencies)),
      layout_(options_.layout.value_or(only(options_.source))) {}

CaptureRole::~CaptureRole() {
  if (source_) source_->request_stop();
}

Result<void> CaptureRole::open() {
  deps_.board.set(options_.component, Phase::starting);
  const stream::TopicSpec control{control_topic(options_.pipeline), 1,
                                  stream::Retention::compacted};
  TAILRACE_TRY(deps_.log.ensure_topics(std::span(&control, 1)));
  // The fence comes before the position is read: nobody else can move it afterwards.
  TAILRACE_ASSIGN(writer_, deps_.log.open_writer(options_.pipeline + "." + options_.source));
  TAILRACE_ASSIGN(const ControlState saved, read_facts());
  TAILRACE_TRY(prepare_plan(saved));
  TAILRACE_TRY(ensure_topics());
  if (const auto at = saved.positions.find(options_.source); at != saved.positions.end()) {
    position_ = at->second;
  } else {
    TAILRACE_TRY(begin_anew());
  }
  committed_ = position_;
  TAILRACE_TRY(open_placement(saved));
  saved_tables_ = position_.source.tables;
  skip_records_ = position_.open_records;
  position_.open_records = 0;
  TAILRACE_ASSIGN(source_, deps_.make_source(schemas_.tables));
  TAILRACE_TRY(open_imports(saved));
  TAILRACE_TRY(start_source());
  last_progress_ = deps_.clock.now();
  // Who saved the wider schemas may have died before it said so in the logs.
  if (schemas_.version > 1) TAILRACE_TRY(append_progress());
  log_info("capture.started", {{"source", options_.source},
                               {"gtid", position_.source.gtid_set.text()},
                               {"seq", position_.seq}});
  return {};
}

FactsOptions CaptureRole::facts_options() const {
  return {options_.pipeline, options_.documents,  layout_,
          options_.log_id,   options_.partitions, options_.facts_turn};
}

Result<ControlState> CaptureRole::read_facts() {
  TAILRACE_ASSIGN(ControlState saved,
                  read_control(deps_.log, options_.pipeline,
                               deps_.clock.now() + std::chrono::seconds(60), deps_.clock));
  if (has_facts(saved, facts_options())) return saved;
  return settle_facts(deps_.log, deps_.clock, facts_options(), deps_.read_schemas);
}

// Nothing was read of this shard yet.
Result<void> CaptureRole::begin_anew() {
  if (deps_.read_own_schemas) {
    TAILRACE_ASSIGN(const auto own, deps_.read_own_schemas());
    TAILRACE_TRY(check_agreement(options_.source, own, schemas_.tables));
  }
  if (!deps_.first_position) return {};
  TAILRACE_ASSIGN(auto first, deps_.first_position());
  if (first) position_.source = std::move(*first);
  return {};
}

Result<void> CaptureRole::prepare_plan(const ControlState& control) {
  schemas_ = *control.schemas;
  TAILRACE_ASSIGN(const std::vector<std::string> names, shard_names(layout_, control));
  const transform::SourceLayout layout = indexed(layout_, names);
  for (std::size_t g = 0; g < layout.groups.size(); ++g) {
    for (const transform::SourceShard& shard : layout.groups[g].shards) {
      if (shard.name != options_.source) continue;
      group_ = g;
      source_index_ = shard.index;
    }
  }
  TAILRACE_ASSIGN(plan_, transform::compile_plan(options_.documents, schemas_.tables, layout));
  for (const transform::DocumentPlan& document : plan_.documents) {
    const auto saved = control.spec_hashes.find(document.name);
    if (saved == control.spec_hashes.end() || saved->second == document.spec_hash) continue;
    return halt(
        "spec.changed",
        fmt::format("document '{}' is defined differently from what its state was built from "
                    "(root, columns, children, lookups or keys changed); give the new "
                    "definition another document name, or take the old definition back",
                    document.name));
  }
  router_.emplace(plan_, transform::RoutedShard{options_.source, group_});
  if (options_.events) {
    TAILRACE_ASSIGN(events_, transform::EventMapper::compile(*options_.events, schemas_.tables));
  }
  return {};
}

// Only documents with children of children have one.
Result<void> CaptureRole::open_placement(const ControlState& saved) {
  if (!transform::Placement::is_needed(plan_)) return {};
  TAILRACE_ASSERT(deps_.stores != nullptr);
  const std::string topic = placement_topic(options_.pipeline, options_.source);
  const stream::TopicSpec spec{topic, 1, stream::Retention::compacted};
  TAILRACE_TRY(deps_.log.ensure_topics(std::span(&spec, 1)));
  PlacementOptions placement;
  placement.topic = topic;
  placement.store = options_.source + "-placement";
  placement.log_id = saved.identity ? saved.identity->log_id : options_.log_id;
  placement.spill_bytes = options_.pass_bytes;
  placement.note_bytes = 4 * options_.batch_bytes;
  placement.rules = options_.rules;
  TAILRACE_ASSIGN(placement_, CapturePlacement::open(std::move(placement), plan_, deps_.log,
                                                     *deps_.stores, position_, deps_.clock));
  return {};
}

Result<void> CaptureRole::ensure_topics() {
  for (const transform::DocumentPlan& document : plan_.documents)
    change_topics_.push_back(change_topic(options_.pipeline, document.name));
  for (const transform::LookupTable& lookup : plan_.lookups)
    lookup_topics_.push_back(lookup_topic(options_.pipeline, lookup.table));
  std::vector<stream::TopicSpec> topics =
      topics_of_plan(options_.pipeline, plan_, options_.partitions, deps_.log.keeps_state());
  topics.push_back({dead_letter_topic(options_.pipeline), 1, stream::Retention::by_time});
  if (events_) {
    for (const std::string& name : events_->fixed_topics()) {
      topics.push_back({name, options_.partitions, stream::Retention::by_time});
    }
  }
  TAILRACE_TRY(deps_.log.ensure_topics(topics));
  for (const stream::TopicSpec& topic : topics) known_topics_.insert(topic.name);
  return {};
}

Result<void> CaptureRole::step(Deadline deadline) {
  const Deadline now = deps_.clock.now();
  Deadline wait =
      std::min(deadline, last_progress_ + (progress_owed_ ? options_.progress_interval
                                                          : options_.idle_progress_interval));
  if (open_) wait = now;  // commit at once when idle
  auto next = source_->next(wait);
  if (!next) {
    if (next.error().code == "source.diverged") return go_on_without(next.error());
    if (next.error().disposition != Disposition::retry) return Failure(next.error());
    source_trouble_ = next.error();
    report();
    return {};  // the source reconnects inside
  }
  const bool idle = !*next;
  if (!idle) {
    source_trouble_.reset();
    TAILRACE_TRY(handle(**next));
  }
  TAILRACE_TRY(import_roots());
  if (progress_due()) TAILRACE_TRY(append_progress());
  const Milliseconds age = is_late() ? options_.late_batch_age : options_.batch_age;
  const bool full = batch_bytes_ >= options_.batch_bytes ||
                    position_.seq - committed_.seq >= most_transactions_in_batch ||
                    deps_.clock.now() - batch_began_ >= age;
  if (open_ && (idle || full)) return commit();
  return {};
}

Result<void> CaptureRole::flush() {
  // Who reads the log later must see how far it goes.
  if (progress_owed_) TAILRACE_TRY(append_progress());
  return open_ ? commit() : Result<void>{};
}

Result<void> CaptureRole::handle(Transaction& transaction) {
  TAILRACE_TRY(follow_server(transaction));
  before_ = position_;
  if (!open_) {
    open_ = true;
    batch_began_ = deps_.clock.now();
  }
  position_.seq += transaction.transactions_skipped;
  const bool counts =
      transaction.kind == TransactionKind::rows || !transaction.table_events.empty();
  if (counts) ++position_.seq;
  TAILRACE_TRY(follow_table_events(transaction));
  progress_owed_ = true;
  switch (transaction.kind) {
    case TransactionKind::position_only:
      break;
    case TransactionKind::rows:
    case TransactionKind::snapshot_rows:
      TAILRACE_TRY(handle_rows(transaction));
      break;
    case TransactionKind::snapshot_end: {
      std::string value;
      transform::encode(value, transform::SnapshotEndRecord{
                                   {source_index_, {position_.epoch, position_.seq, 0}, 0, {}}});
      TAILRACE_TRY(append_to_all(value, false));
      break;
    }
  }
  const bool new_phase = position_.source.snapshot != transaction.position.snapshot;
  position_.source = transaction.position;
  // Every log tells where its stream begins (engine/lost_rows.hpp).
  if (new_phase && position_.source.snapshot == SnapshotPhase::reading)
    TAILRACE_TRY(append_progress());
  last_read_ = deps_.clock.now();
  if (transaction.commit_time_us != 0) last_commit_time_us_ = transaction.commit_time_us;
  if (schemas_grown_) return save_grown_schemas();
  return new_phase || (placement_ && placement_->must_commit()) ? commit() : Result<void>{};
}

Result<void> CaptureRole::follow_table_events(const Transaction& transaction) {
  const FitToFile fit =
      deps_.fit_to_file ? deps_.fit_to_file : [](TableSchema schema) { return schema; };
  for (const TableEvent& event : transaction.table_events) {
    log_warn("capture.table_altered",
             {{"table", event.table.text()}, {"statement", event.statement}});
    if (event.now && layout_.groups[group_].shards.size() > 1) {
      TAILRACE_TRY(check_added(options_.source, event.added, fit(*event.now), schemas_.tables));
    }
    TAILRACE_ASSIGN(const bool grown, follow(event, options_.schema_policy, fit, schemas_.tables));
    schemas_grown_ = schemas_grown_ || grown;
    if (empties(event)) TAILRACE_TRY(append_sweep(transaction, event.table.table));
  }
  return placement_ ? empty_placement(transaction) : Result<void>{};
}

// Everybody who reads the log compiles a new plan when the progress record with the new version
// comes, which stands in front of every row that has the new columns.
Result<void> CaptureRole::save_grown_schemas() {
  TAILRACE_ASSIGN(schemas_, save_grown(deps_.log, deps_.clock, facts_options(), schemas_.tables));
  TAILRACE_TRY(append_progress());
  TAILRACE_TRY(commit());
  return retry("schema.newer", "columns were added to mapped tables");
}

Result<void> CaptureRole::handle_rows(Transaction& transaction) {
  if (!transaction.rows) return {};
  TAILRACE_TRY(resume_open(transaction));
  const transform::Origin origin = origin_of(transaction);
  auto passes = static_cast<std::uint32_t>(transaction.rows->bytes() / options_.pass_bytes + 1);
  if (events_ && transaction.kind != TransactionKind::snapshot_rows) {
    events_->begin({options_.pipeline, options_.source, origin.base, origin.commit_time_us});
  }
  open_records_ = 0;
  wide_ = passes > 1;
  if (placement_) TAILRACE_TRY(placement_->begin());
  TAILRACE_TRY(read_pass(transaction, origin, {0, passes, true}));
  if (placement_) {
    TAILRACE_ASSIGN(passes, place_rows(transaction, origin, passes));
  }
  for (std::uint32_t pass = 0; pass < passes; ++pass) {
    if (pass > 0) {
      TAILRACE_TRY(transaction.rows->rewind());
      TAILRACE_TRY(read_pass(transaction, origin, {pass, passes, false}));
    }
    TAILRACE_TRY(finish_pass(origin));
    // A log transaction must not stay open while the next pass reads the whole spool again.
    if (passes > 1 && batch_bytes_ > 0) TAILRACE_TRY(commit_inside());
  }
  open_records_ = 0;
  skip_records_ = 0;
  return placement_ ? placement_->end_transaction() : Result<void>{};
}

transform::Origin CaptureRole::origin_of(const Transaction& transaction) const {
  const bool snapshot = transaction.kind == TransactionKind::snapshot_rows;
  const Token base{position_.epoch, snapshot ? 0 : position_.seq, 0};
  return {source_index_, base, transaction.commit_time_us, transaction.gtid};
}

Result<void> CaptureRole::read_pass(Transaction& transaction, const transform::Origin& origin,
                                    const Pass& pass) {
  const bool with_events =
      events_ && pass.first_reading && transaction.kind == TransactionKind::rows;
  const auto on_event = [&](const transform::DomainEvent& event) { return append_event(event); };
  router_->begin(origin, pass.number, pass.count);
  while (true) {
    TAILRACE_ASSIGN(const auto rows, transaction.rows->next());
    if (rows.empty()) break;
    for (const RowChange& row : rows) {
      TAILRACE_TRY(router_->add(row));
      if (with_events) TAILRACE_TRY(set_aside(events_->add(row, on_event), origin));
      if (placement_ && pass.first_reading) TAILRACE_TRY(placement_->add(row));
    }
    if (pass.first_reading) rows_ += rows.size();
  }
  return with_events ? set_aside(events_->finish(on_event), origin) : Result<void>{};
}

// Rows that come along with others may be many more than the transaction has of its own: then it
// takes more passes, and its first one is read again.
Result<std::uint32_t> CaptureRole::place_rows(Transaction& transaction,
                                              const transform::Origin& origin,
                                              std::uint32_t passes) {
  if (!placement_->changed()) return passes;
  TAILRACE_ASSIGN(const std::uint64_t moved, placement_->moved_bytes());
  const auto needed =
      static_cast<std::uint32_t>((transaction.rows->bytes() + moved) / options_.pass_bytes + 1);
  wide_ = needed > 1;
  // A first load that is begun again reads other rows: of what it has shown, be it in a batch that
  // was aborted, the next one must know where it is, until all have heard that it has left.
  const bool loading =
      options_.rules.place_before_show && transaction.kind == TransactionKind::snapshot_rows;
  if (loading && options_.rules.leave_before_place) TAILRACE_TRY(tell_what_left(origin));
  const std::uint64_t appended = open_records_;
  TAILRACE_TRY(placement_->append(origin.base, wide_,
                                  [this](const stream::Append& record) { return append(record); }));
  if (loading && open_records_ > appended) TAILRACE_TRY(commit_inside());
  if (needed == passes) return passes;
  TAILRACE_TRY(transaction.rows->rewind());
  TAILRACE_TRY(read_pass(transaction, origin, {0, needed, false}));
  return needed;
}

Result<void> CaptureRole::tell_what_left(const transform::Origin& origin) {
  transform::Router router(plan_, transform::RoutedShard{options_.source, group_});
  router.begin(origin);
  TAILRACE_TRY(placement_->tell_what_left([&](const transform::PlacedRow& row) -> Result<void> {
    router.add(row);
    return {};
  }));
  return router.finish(
      [&](const transform::Router::Group& group) { return append_group(group, origin); },
      [](const transform::Router::LookupChange&) { return Result<void>{}; });
}

Result<void> CaptureRole::finish_pass(const transform::Origin& origin) {
  if (placement_ && placement_->changed()) {
    TAILRACE_TRY(placement_->tell([this](const transform::PlacedRow& row) -> Result<void> {
      router_->add(row);
      return {};
    }));
  }
  return router_->finish(
      [&](const transform::Router::Group& group) { return append_group(group, origin); },
      [&](const transform::Router::LookupChange& change) {
        if (imports_) imports_->touched_value(change.table, change.key);
        return append({lookup_topics_[change.table], 0, change.key, change.record, {}});
      });
}

}  // namespace tailrace::engine
