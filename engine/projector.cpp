// The projector's loop: reading, lookups, commits, assignments. projector_sinks.cpp has the flush.
#include "engine/projector.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

// With something under way the loop looks again soon; else it sleeps in poll.
constexpr Milliseconds busy_wait{1};
constexpr Milliseconds idle_wait{50};
// Reading the lookup logs stops long before changes are folded into one scan of everything.
constexpr std::size_t fold_factor = 4;

std::vector<bool> used_lookups(const transform::PipelinePlan& plan,
                               const transform::DocumentPlan& document) {
  std::vector<bool> used(plan.lookups.size(), false);
  for (const transform::PlanNode& node : document.nodes) {
    if (node.kind == transform::NodeKind::lookup) used[node.lookup_table] = true;
  }
  return used;
}

}  // namespace

Projector::Projector(ProjectorOptions options, ProjectorDependencies dependencies)
    : options_(std::move(options)),
      deps_(std::move(dependencies)),
      plan_(deps_.plan.documents[options_.document]),
      renderer_(plan_, options_.sources, options_.identity.generation),
      random_(options_.random_seed != 0 ? options_.random_seed : std::random_device{}()) {
  for (SinkPort* port : deps_.sinks) {
    Lane lane(*port, lanes_.size());
    lane.delay_series = "tailrace_commit_to_document_seconds{sink=\"" + port->name() + "\"}";
    if (options_.identity.generation == 0) lane.stubs = Lane::Stubs::done;
    lanes_.push_back(std::move(lane));
  }
}

Projector::~Projector() = default;

Result<void> Projector::open() {
  const std::string view_name = plan_.name + "-lookups";
  const std::vector<bool> used = used_lookups(deps_.plan, plan_);
  for (int attempt = 0;; ++attempt) {
    auto store = deps_.stores.open(view_name);
    if (store) {
      view_ = std::make_unique<LookupView>(deps_.plan, std::move(*store));
      const auto opened = view_->open(deps_.log, options_.pipeline, options_.identity.log_id, used);
      if (opened) break;
      view_.reset();
      if (opened.error().code != "view.foreign" && opened.error().code != "state.corrupt")
        return opened;
      store = Failure(opened.error());
    }
    if (attempt > 0) return Failure(store.error());
    TAILRACE_TRY(deps_.stores.remove(view_name));  // it is only a copy: read it again
  }
  has_rate_ = std::any_of(plan_.nodes.begin(), plan_.nodes.end(),
                          [](const auto& node) { return node.refresh_per_second > 0; });
  std::vector<std::string> names;
  for (const Lane& lane : lanes_) names.push_back(lane.port->name());
  shared_.emplace(PartitionShared{
      .plan = plan_,
      .view = *view_,
      .stores = deps_.stores,
      .clock = deps_.clock,
      .log_id = options_.identity.log_id,
      .store_prefix = plan_.name + "-",
      .sinks = std::move(names),
      .sources = options_.sources.size(),
      .keeps_state = deps_.log.keeps_state(),
      .generation = options_.identity.generation,
      .partitions = static_cast<double>(options_.partitions),
      .instance_id = options_.instance_id,
      .cache_bytes = options_.cache_bytes / static_cast<std::size_t>(options_.partitions),
      .state_chunk_bytes = options_.state_chunk_bytes,
      .unwritten_limit = options_.unwritten_limit,
      .fanout_limit = fold_factor * options_.fanout_limit,
      .schema_version = options_.schema_version,
      .rules = options_.rules});
  TAILRACE_ASSIGN(member_,
                  deps_.log.join({options_.pipeline + "." + plan_.name, options_.instance_id,
                                  change_topic(options_.pipeline, plan_.name),
                                  state_topic(options_.pipeline, plan_.name)}));
  shared_->member = member_.get();
  return {};
}

Result<void> Projector::step(Deadline deadline) {
  TAILRACE_TRY(follow_lookups());
  for (auto& [partition, task] : partitions_) {
    if (task->stage() == PartitionTask::Stage::running) continue;
    if (const auto taken = task->take_over(); !taken) return outrun(taken.error());
  }
  TAILRACE_TRY(read(read_deadline(deadline)));
  TAILRACE_TRY(take_acknowledgements());
  shared_->fanout_paused = fanout_paused();
  shared_->fanout_room = fanout_room();
  for (auto& [partition, task] : partitions_) {
    TAILRACE_ASSIGN([[maybe_unused]] const bool busy, task->background());
  }
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) TAILRACE_TRY(serve_lane(lane));
  for (auto& [partition, task] : partitions_) {
    if (task->stage() == PartitionTask::Stage::running) TAILRACE_TRY(task->finish_batch());
  }
  TAILRACE_TRY(poll_commit(Deadline{}));
  if (!committing_ && deps_.clock.now() - last_commit_ >= options_.commit_interval)
    TAILRACE_TRY(commit());
  report();
  return {};
}

bool Projector::work_waits() const {
  if (committing_) return true;
  for (const Lane& lane : lanes_) {
    if (!lane.queue.idle() || !lane.under_way.empty()) return true;
  }
  for (const auto& [partition, task] : partitions_) {
    const bool follows = task->fanout_pending() > 0 && !shared_->fanout_paused;
    if (task->stage() != PartitionTask::Stage::running || follows ||
        task->outstanding_appends() > 0 || task->sweeps() > 0) {
      return true;
    }
  }
  return false;
}

Deadline Projector::read_deadline(Deadline deadline) const {
  return std::min(deadline, deps_.clock.now() + (work_waits() ? busy_wait : idle_wait));
}

Result<void> Projector::read(Deadline deadline) {
  // Back-pressure: the group must still be polled, so its partitions pause.
  std::size_t noted = 0;
  for (const auto& [partition, task] : partitions_) noted += task->noted();
  const std::size_t background_limit = is_crowded() ? options_.dirty_limit : options_.fanout_window;
  bool full = noted > options_.noted_limit;
  for (const Lane& lane : lanes_) {
    full = full || lane.queue.foreground() > options_.dirty_limit ||
           lane.queue.background() > background_limit;
  }
  for (auto& [partition, task] : partitions_) {
    if (task->stage() != PartitionTask::Stage::running) continue;
    TAILRACE_TRY(full ? member_->pause(partition) : member_->resume(partition));
  }
  const auto polled = member_->poll(deadline, *this);
  if (!polled) return outrun(polled.error());
  const auto records = *polled;
  if (listener_error_) return Failure(*listener_error_);
  for (const stream::Record& record : records) {
    const auto at = partitions_.find(record.partition);
    if (at == partitions_.end() || at->second->stage() != PartitionTask::Stage::running) continue;
    TAILRACE_TRY(at->second->apply(record));
  }
  rows_seen_ += records.size();
  for (auto& [partition, task] : partitions_) {
    if (task->stage() == PartitionTask::Stage::running) TAILRACE_TRY(task->finish_batch());
  }
  return {};
}

// R19: what we were reading has left the log. Taking the partition over again restores its state,
// or says that changes are gone.
Failure Projector::outrun(Error error) {
  if (error.code == "log.out_of_range") error.disposition = Disposition::retry;
  return Failure(std::move(error));
}

Result<void> Projector::take_acknowledgements() {
  TAILRACE_ASSIGN(const std::vector<stream::AppendAck> acks, member_->acknowledged());
  // Tickets are unique in the member; each partition knows its own.
  for (const stream::AppendAck& ack : acks) {
    for (auto& [partition, task] : partitions_) task->appended(ack.ticket, ack.offset);
  }
  return {};
}

// ------------------------------------------------------------------ assignments

void Projector::on_assigned(std::span<const stream::Partition> partitions) {
  group_answered_at_ = deps_.clock.now();
  for (const stream::Partition partition : partitions) {
    drop(partition);
    partitions_[partition] =
        std::make_unique<PartitionTask>(partition, next_assignment_++, *shared_, *this);
  }
}

void Projector::on_revoked(std::span<const stream::Partition> partitions, bool lost) {
  if (!lost) commit_before_revoke();
  group_answered_at_ = lost ? std::nullopt : std::optional(deps_.clock.now());
  if (lost)
    log_trouble_ = Error{Disposition::retry, "log.lost",
                         "the group gave our partitions away: the log did not answer in time"};
  for (const stream::Partition partition : partitions) drop(partition);
  log_info("projector.partitions_left", {{"document", plan_.name}, {"count", partitions.size()}});
}

void Projector::drop(stream::Partition partition) {
  const auto at = partitions_.find(partition);
  if (at == partitions_.end()) return;
  const PartitionTask* task = at->second.get();
  for (Lane& lane : lanes_) lane.queue.drop(task);
  partitions_.erase(at);
}

PartitionTask* Projector::find(stream::Partition partition, std::uint64_t assignment) const {
  const auto at = partitions_.find(partition);
  return at != partitions_.end() && at->second->assignment() == assignment ? at->second.get()
                                                                           : nullptr;
}

// ------------------------------------------------------------------ commit

Result<void> Projector::commit() {
  last_commit_ = deps_.clock.now();
  stream::CommitBatch batch;
  for (auto& [partition, task] : partitions_) {
    if (!task->commit_owed()) continue;
    TAILRACE_TRY(task->add_to_commit(batch));
    in_commit_.emplace_back(partition, task->assignment());
  }
  if (batch.offsets.empty()) return {};
  announced_ = std::exchange(announcements_, {});
  batch.announcements = announced_;
  committing_ = true;
  TAILRACE_TRY(member_->begin_commit(std::move(batch)));
  return poll_commit(Deadline{});
}

Result<void> Projector::poll_commit(Deadline deadline) {
  if (!committing_) return {};
  const std::optional<Result<void>> outcome = member_->poll_commit(deadline);
  if (!outcome) return {};
  committing_ = false;
  if (!*outcome) {
    if (outcome->error().disposition != Disposition::retry) return *outcome;
    log_trouble_ = outcome->error();
    log_warn("projector.commit_refused", {{"document", plan_.name},
                                          {"code", outcome->error().code},
                                          {"message", outcome->error().message}});
  }
  if (*outcome) {
    log_trouble_.reset();
  } else {
    announcements_.insert(announcements_.begin(), announced_.begin(), announced_.end());
  }
  announced_.clear();
  for (const auto& [partition, assignment] : in_commit_) {
    if (PartitionTask* task = find(partition, assignment)) task->commit_done(outcome->has_value());
  }
  in_commit_.clear();
  return {};
}

// A graceful hand-over: what is acknowledged now need not be done again by the next owner.
void Projector::commit_before_revoke() {
  const Deadline deadline = deps_.clock.now() + std::chrono::seconds(5);
  const auto wait = [&]() -> Result<void> {
    while (committing_ && deps_.clock.now() < deadline) TAILRACE_TRY(poll_commit(deadline));
    return {};
  };
  auto outcome = wait();
  if (outcome && !committing_) outcome = commit();
  if (outcome) outcome = wait();
  if (!outcome) listener_error_ = outcome.error();
}

Result<void> Projector::close(Deadline deadline) {
  if (!member_) return {};
  closing_ = true;
  // Nothing more is read or sent: the partitions wait for their next owner. What is with the sinks
  // gets its acknowledgements.
  while (deps_.clock.now() < deadline) {
    for (auto& [partition, task] : partitions_) {
      if (task->stage() == PartitionTask::Stage::running) TAILRACE_TRY(member_->pause(partition));
    }
    TAILRACE_ASSIGN([[maybe_unused]] const auto records,
                    member_->poll(deps_.clock.now() + busy_wait, *this));
    TAILRACE_TRY(take_acknowledgements());
    // While there is an outcome, poll returns at once.
    if (const auto polled = poll_commit(Deadline{}); !polled) {
      listener_error_ = polled.error();
      break;
    }
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) TAILRACE_TRY(serve_lane(lane));
    for (auto& [partition, task] : partitions_) {
      if (task->stage() == PartitionTask::Stage::running) TAILRACE_TRY(task->finish_batch());
    }
    const bool busy = std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
      return !lane.away && !lane.under_way.empty();
    });
    if (!busy) break;
  }
  commit_before_revoke();
  member_->leave();
  if (listener_error_) return Failure(*listener_error_);
  return {};
}

}  // namespace tailrace::engine
