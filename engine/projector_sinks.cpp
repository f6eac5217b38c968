// The flush (R12, R13), sinks that fail alone, stubs of an older generation.
#include <algorithm>

#include "core/log.hpp"
#include "engine/dead_letter.hpp"
#include "engine/projector.hpp"
#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t drain_batch = 1000;
constexpr Milliseconds drain_pause{1000};
// How large a batch with changes that came in may become by what only follows.
constexpr std::size_t beside_foreground = 1000;

}  // namespace

void Projector::dirty(PartitionTask& partition, RootEntry& root, std::size_t sink,
                      Urgency urgency) {
  lanes_[sink].queue.push({&partition, &root}, urgency, deps_.clock.now());
}

Result<void> Projector::serve_lane(std::size_t index) {
  Lane& lane = lanes_[index];
  if (const auto error = lane.port->fatal()) return Failure(*error);
  TAILRACE_TRY(take_outcomes(index));
  const auto since = lane.port->away_since();
  const bool was_away = lane.away;
  lane.away = since && deps_.clock.now() - *since > options_.sink_patience;
  if (lane.away != was_away) {
    log_warn(lane.away ? "sink.away" : "sink.back",
             {{"sink", lane.port->name()}, {"document", plan_.name}});
  }
  if (lane.away) {
    give_up(index);
    return {};
  }
  if (closing_) return {};  // what is not sent yet is the next owner's
  wake(index);
  while (lane.port->has_room() && worth_sending(lane)) send(index);
  TAILRACE_TRY(drain(index));
  return stub_older(index);
}

bool Projector::worth_sending(const Lane& lane) const {
  if (lane.queue.size() == 0) return false;
  const std::size_t worth = std::min(options_.worth_queueing, lane.port->max_documents());
  if (lane.queue.size() >= worth) return true;
  if (!lane.under_way.empty()) return false;
  return lane.queue.foreground() > 0 ||
         deps_.clock.now() - lane.queue.background_since() >= options_.background_wait;
}

// Roots that waited for their lookups or for a retry long enough.
void Projector::wake(std::size_t index) {
  lanes_[index].queue.wake(deps_.clock.now(), [&](const QueuedRoot& queued) {
    return queued.root->sinks[index].attempts == 0 &&
           !queued.partition->waits_for_lookups(*queued.root);
  });
}

void Projector::send(std::size_t index) {
  Lane& lane = lanes_[index];
  SinkBatch batch;
  std::vector<Sent> sent;
  std::size_t bytes = 0;
  std::size_t most = lane.port->max_documents();
  const auto fill_from = [&](Urgency urgency) {
    while (batch.writes.size() < most && bytes < lane.port->max_bytes()) {
      const auto queued = lane.queue.pop(urgency);
      if (!queued) return;
      if (render_into(index, *queued, batch, sent)) bytes += batch.writes.back().body.size();
    }
  };
  fill_from(Urgency::foreground);
  if (!batch.writes.empty()) most = std::min(most, beside_foreground);
  fill_from(Urgency::background);
  if (batch.writes.empty()) return;
  batch.id = next_batch_++;
  lane.under_way.emplace(batch.id, std::move(sent));
  lane.port->submit(std::move(batch));
}

bool Projector::render_into(std::size_t index, const QueuedRoot& queued, SinkBatch& batch,
                            std::vector<Sent>& sent) {
  PartitionTask& partition = *queued.partition;
  RootEntry& root = *queued.root;
  if (partition.waits_for_lookups(root)) {
    lanes_[index].queue.put_off(queued, deps_.clock.now() + std::chrono::milliseconds(200));
    return false;
  }
  const Offset upto = partition.read_offset();
  if (!partition.needs_document(root, index)) {
    partition.covered(root, index, upto);
    return false;
  }
  auto write = renderer_.render(root.key, root.state);
  const bool unseen = root.sinks[index].acknowledged == SinkProgress::unknown;
  if (write && write->deleted && unseen && !options_.rules.stub_unseen) write.reset();
  if (!write) {
    partition.covered(root, index, upto);
    return false;
  }
  ++root.sinks[index].in_flight;
  sent.push_back({partition.assignment(), partition.partition(), &root, root.state.last(), upto});
  batch.writes.push_back(std::move(*write));
  return true;
}

Result<void> Projector::take_outcomes(std::size_t index) {
  Lane& lane = lanes_[index];
  for (SinkOutcome& outcome : lane.port->take()) {
    if (outcome.id == lane.stub_batch && lane.stubs == Lane::Stubs::writing) {
      lane.stubs = Lane::Stubs::idle;  // ask again: there may be more
      continue;
    }
    const auto at = lane.under_way.find(outcome.id);
    if (at == lane.under_way.end()) continue;
    for (std::size_t i = 0; i < at->second.size(); ++i) {
      TAILRACE_TRY(settle(index, at->second[i], outcome.results[i]));
    }
    deps_.board.count("tailrace_documents_total{sink=\"" + lane.port->name() + "\"}",
                      static_cast<double>(at->second.size()));
    lane.under_way.erase(at);
  }
  return {};
}

Result<void> Projector::settle(std::size_t index, const Sent& sent, const Result<void>& result) {
  PartitionTask* partition = find(sent.partition, sent.assignment);
  if (partition == nullptr) return {};  // it left us; its next owner does it again
  RootEntry& root = *sent.root;
  SinkProgress& progress = root.sinks[index];
  --progress.in_flight;
  if (result) {
    partition->acknowledged(root, index, sent.last, sent.upto);
    const std::int64_t committed = root.state.committed_at_us();
    if (committed > 0 && sent.last == root.state.last()) {
      const double delay = static_cast<double>(deps_.clock.wall_us() - committed) / 1e6;
      deps_.board.observe(lanes_[index].delay_series, std::max(0.0, delay));
    }
    return {};
  }
  const Error& error = result.error();
  switch (error.disposition) {
    case Disposition::retry: {
      if (progress.attempts == 0) progress.refused_since = deps_.clock.now();
      if (deps_.clock.now() - progress.refused_since > options_.sink_patience) {
        // It fails alone: the others go on, and it is tried again with the pending ones.
        progress.attempts = 0;
        partition->set_pending(root, index, false, error.code + ": " + error.message, sent.upto);
        return {};
      }
      const Milliseconds delay = backoff_.delay(progress.attempts++, random_());
      deps_.board.count("tailrace_retries_total{target=\"" + lanes_[index].port->name() + "\"}");
      if (progress.waits != Urgency::foreground)
        lanes_[index].queue.put_off({partition, &root}, deps_.clock.now() + delay);
      return {};
    }
    case Disposition::dead_letter:
      if (options_.halt_on_poison) {
        return halt(error.code, "document " + renderer_.id_of(root.key) +
                                    " can never be written: " + error.message);
      }
      log_error("sink.dead_letter", {{"sink", lanes_[index].port->name()},
                                     {"document", plan_.name},
                                     {"id", renderer_.id_of(root.key)},
                                     {"code", error.code},
                                     {"reason", error.message}});
      deps_.board.count("tailrace_dead_letters_total{stage=\"sink\",code=\"" + error.code + "\"}");
      announce_dead_letter(lanes_[index].port->name(), renderer_.id_of(root.key), error);
      TAILRACE_TRY(count_poison(error));
      partition->set_pending(root, index, true, error.code + ": " + error.message, sent.upto);
      return {};
    case Disposition::halt:
      return Failure(error);
  }
  return {};
}

// On the pipeline's topic of dead letters (docs/formats/events.md).
void Projector::announce_dead_letter(const std::string& sink, const std::string& id,
                                     const Error& error) {
  std::string value =
      dead_letter_json("sink", error, {{"sink", sink}, {"document", plan_.name}, {"id", id}});
  announcements_.push_back({dead_letter_topic(options_.pipeline), id, std::move(value)});
}

// errors.dead_letter.pause_above: many dead letters mean a mistake, not bad documents.
Result<void> Projector::count_poison(const Error& error) {
  const double rate = options_.dead_letters_per_second;
  if (rate <= 0) return {};
  const Deadline now = deps_.clock.now();
  const double whole = std::max(rate * 60, 1.0);
  const double since_s = std::chrono::duration<double>(now - poison_counted_).count();
  poison_budget_ =
      poison_counted_ == Deadline{} ? whole : std::min(whole, poison_budget_ + since_s * rate);
  poison_counted_ = now;
  poison_budget_ -= 1;
  if (poison_budget_ >= 0) return {};
  return halt(
      "sink.too_many_dead_letters",
      "more dead letters than errors.dead_letter.pause_above allows; nothing is lost: cure the "
      "cause and start again. The last one: " +
          error.message);
}

// A sink that does not answer stops holding the others: its roots become pending.
void Projector::give_up(std::size_t index) {
  Lane& lane = lanes_[index];
  constexpr std::string_view reason = "the sink does not answer";
  for (const QueuedRoot& queued : lane.queue.take_all()) {
    const Offset upto = queued.partition->read_offset();
    if (queued.partition->needs_document(*queued.root, index)) {
      queued.partition->set_pending(*queued.root, index, false, std::string(reason), upto);
    } else {
      queued.partition->covered(*queued.root, index, upto);
    }
  }
  for (auto& [id, batch] : lane.under_way) {
    for (Sent& sent : batch) {
      PartitionTask* partition = find(sent.partition, sent.assignment);
      if (partition == nullptr || sent.root->sinks[index].covered >= sent.upto) continue;
      partition->set_pending(*sent.root, index, false, std::string(reason), sent.upto);
    }
  }
}

// Pending roots of a sink that answers again: newest content only, beside live traffic.
Result<void> Projector::drain(std::size_t index) {
  Lane& lane = lanes_[index];
  if (lane.queue.background() >= drain_batch || deps_.clock.now() < lane.next_drain) return {};
  bool more = false;
  for (auto& [partition, task] : partitions_) {
    TAILRACE_ASSIGN(const bool some, task->drain_pending(index, drain_batch));
    more = more || some;
  }
  if (!more) lane.next_drain = deps_.clock.now() + drain_pause;
  return {};
}

// Partitions of other workers tell it by their commits. One worker asks: who has partition 0.
Result<bool> Projector::has_every_document() {
  if (!partitions_.contains(0)) return false;
  for (stream::Partition p = 0; p < options_.partitions; ++p) {
    if (const auto own = partitions_.find(p); own != partitions_.end()) {
      const PartitionTask::Progress progress = own->second->progress();
      if (!progress.loaded || progress.pending > 0) return false;
      continue;
    }
    const auto committed = member_->fetch_committed(p);
    if (!committed && committed.error().disposition == Disposition::retry) return false;
    if (!committed) return Failure(committed.error());
    if (!*committed) return false;
    TAILRACE_ASSIGN(const CommitMetadata metadata, CommitMetadata::parse((*committed)->metadata));
    if (metadata.generation != options_.identity.generation || metadata.marks) return false;
    if (metadata.ended.size() < options_.sources.size()) return false;
    for (const auto& [sink, load] : metadata.loads) {
      if (load) return false;
    }
  }
  return true;
}

Result<std::set<std::string>> Projector::dead_documents(std::size_t index) {
  std::set<std::string> ids;
  for (auto& [partition, task] : partitions_) {
    if (task->stage() != PartitionTask::Stage::running) continue;
    TAILRACE_ASSIGN(const std::vector<std::string> roots, task->dead_roots(index));
    for (const std::string& root : roots) ids.insert(renderer_.id_of(root));
  }
  return ids;
}

// After the load of a new log: what an older generation left in the sink and this log never wrote.
Result<void> Projector::stub_older(std::size_t index) {
  Lane& lane = lanes_[index];
  if (lane.stubs == Lane::Stubs::done || lane.stubs == Lane::Stubs::writing) return {};
  if (lane.stubs == Lane::Stubs::idle) {
    if (!lane.under_way.empty() || lane.queue.size() > 0 || deps_.clock.now() < lane.next_stubs)
      return {};
    lane.next_stubs = deps_.clock.now() + drain_pause;
    TAILRACE_ASSIGN(const bool every, has_every_document());
    if (!every) return {};
    lane.port->ask_older(options_.identity.generation, lane.port->max_documents());
    lane.stubs = Lane::Stubs::asked;
    return {};
  }
  auto older = lane.port->take_older();
  if (!older) return {};
  // A partition that has left since then takes along what it knows of dead letters.
  TAILRACE_ASSIGN(const bool still, has_every_document());
  if (!still) {
    lane.stubs = Lane::Stubs::idle;
    return {};
  }
  TAILRACE_ASSIGN(const std::set<std::string> dead, dead_documents(index));
  std::erase_if(*older, [&](const std::string& id) { return dead.contains(id); });
  if (older->empty()) {
    lane.stubs = Lane::Stubs::done;
    return {};
  }
  SinkBatch batch;
  batch.id = lane.stub_batch = next_batch_++;
  for (const std::string& id : *older) batch.writes.push_back(renderer_.stub(id));
  log_info("sink.stubs_of_older_log", {{"sink", lane.port->name()}, {"count", older->size()}});
  lane.stubs = Lane::Stubs::writing;
  lane.port->submit(std::move(batch));
  return {};
}

}  // namespace tailrace::engine
