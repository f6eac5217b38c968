#include "app/runner.hpp"

#include <fmt/format.h>

#include "app/state_directory.hpp"
#include "core/log.hpp"
#include "engine/topics.hpp"
#include "sinks/retry_policy.hpp"
#include "transform/state/rocks_store.hpp"

namespace tailrace::app {

namespace {

constexpr Milliseconds step_time{100};

}  // namespace

Runner::Runner(const config::PipelineSpec& spec, RunOptions options, engine::StatusBoard& board)
    : spec_(spec), options_(std::move(options)), board_(board) {}

Runner::~Runner() = default;

RunOutcome Runner::run() {
  if (const auto started = start(); !started) fail("pipeline", started.error());
  while (!stopping() && !finished()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    watch_capture();
    watch_snapshot();
    trim_memory();
  }
  stop_ = true;
  // Projectors first: they may still need what capture appended, and nothing new.
  for (const auto& slot : projectors_) slot->thread = {};
  for (const auto& slot : captures_) slot->thread = {};
  RunOutcome outcome;
  outcome.error = error_;
  for (const auto& slot : projectors_) outcome.dead_letters += slot->dead_letters;
  return outcome;
}

bool Runner::finished() const {
  const bool has_targets = std::all_of(captures_.begin(), captures_.end(),
                                       [&](const auto& slot) { return target(*slot).has_value(); });
  if (captures_.empty() || !has_targets) return false;
  const bool captured = std::all_of(captures_.begin(), captures_.end(),
                                    [](const auto& slot) { return slot->reached.load(); });
  if (options_.capture && !captured) return false;
  return std::all_of(projectors_.begin(), projectors_.end(),
                     [](const auto& slot) { return slot->reached.load(); });
}

Result<void> Runner::start() {
  // Every component is on the board from the start: none of them is `streaming` before it says so.
  add_captures();
  for (const transform::DocumentSpec& document : spec_.documents) {
    if (options_.project && !sinks_of(document.name).empty()) {
      board_.set("projector " + document.name, engine::Phase::starting, {},
                 options_.capture ? "" : "waits for the first capture, if there was none yet");
    }
  }
  TAILRACE_ASSIGN(instance_id_, instance_id(spec_.state_dir));
  TAILRACE_ASSIGN(log_, open_log(spec_));
  stores_ = transform::rocks_stores({.directory = spec_.state_dir + "/state"});
  TAILRACE_TRY(find_targets());
  for (const auto& slot : captures_) {
    if (options_.capture)
      slot->thread = std::jthread([this, at = slot.get()] { capture_loop(*at); });
  }
  if (!options_.project) return {};
  TAILRACE_TRY(wait_for_schemas());
  if (stopping()) return {};
  TAILRACE_TRY(settle_identity());
  for (std::size_t i = 0; i < blueprint_->plan.documents.size(); ++i) {
    if (sinks_of(blueprint_->plan.documents[i].name).empty()) continue;
    auto& slot = projectors_.emplace_back(std::make_unique<ProjectorSlot>());
    slot->document = static_cast<std::uint16_t>(i);
    slot->blueprint = blueprint_;
  }
  for (const auto& slot : projectors_) {
    slot->thread = std::jthread([this, at = slot.get()] { projector_loop(*at); });
  }
  return {};
}

// The plan is compiled from the schemas that capture saved with the log.
Result<Runner::Blueprint> Runner::read_blueprint() {
  const stream::TopicSpec control{engine::control_topic(spec_.name), 1,
                                  stream::Retention::compacted};
  TAILRACE_TRY(log_->ensure_topics(std::span(&control, 1)));
  Blueprint blueprint;
  TAILRACE_ASSIGN(
      blueprint.control,
      engine::read_control(*log_, spec_.name, system_clock().now() + std::chrono::seconds(30)));
  const engine::ControlState& state = blueprint.control;
  const transform::SourceLayout layout = layout_of(spec_);
  TAILRACE_ASSIGN(const auto shards, engine::shard_names(layout, state));
  if (!state.schemas || state.spec_hashes.empty() || !state.identity || state.shards != shards)
    return blueprint;
  TAILRACE_ASSIGN(blueprint.plan, transform::compile_plan(spec_.documents, state.schemas->tables,
                                                          engine::indexed(layout, state.shards)));
  for (const transform::DocumentPlan& document : blueprint.plan.documents) {
    const auto saved = state.spec_hashes.find(document.name);
    if (saved != state.spec_hashes.end() && saved->second == document.spec_hash) continue;
    return halt(
        "spec.changed",
        fmt::format("document '{}' is defined differently from what its state was built from "
                    "(root, columns, children, lookups or keys changed); give the new definition "
                    "another document name, or take the old definition back",
                    document.name));
  }
  return blueprint;
}

Result<void> Runner::wait_for_schemas() {
  for (unsigned attempt = 0; !stopping(); ++attempt) {
    auto blueprint = read_blueprint();
    if (!blueprint) {
      if (blueprint.error().disposition != Disposition::retry) return Failure(blueprint.error());
      if (!back_off("log", blueprint.error(), attempt)) return {};
      continue;
    }
    if (attempt > 0) board_.set("log", engine::Phase::streaming);
    if (blueprint->control.identity && !blueprint->plan.documents.empty()) {
      blueprint_ = std::make_shared<const Blueprint>(std::move(*blueprint));
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

// Capture added columns: the projector goes on with the plan that has them.
Result<void> Runner::renew_blueprint(ProjectorSlot& slot) {
  TAILRACE_ASSIGN(Blueprint blueprint, read_blueprint());
  slot.blueprint = std::make_shared<const Blueprint>(std::move(blueprint));
  log_info("projector.schema_followed",
           {{"document", slot.blueprint->plan.documents[slot.document].name},
            {"version", slot.blueprint->control.schemas->version}});
  return {};
}

// A sink that was built from another log makes this log a later generation (engine.md §3).
Result<void> Runner::settle_identity() {
  sinks::LogIdentity identity = *blueprint_->control.identity;
  bool changed = false;
  for (const transform::DocumentPlan& document : blueprint_->plan.documents) {
    const sinks::DocumentShape shape =
        shape_of(spec_, document, blueprint_->control.schemas->tables);
    for (const sinks::SinkSpec* sink : sinks_of(document.name)) {
      TAILRACE_ASSIGN(const auto opened, make_sink(*sink, shape));
      for (unsigned attempt = 0; !stopping(); ++attempt) {
        auto known = opened->open();
        if (known && *known && (*known)->log_id != identity.log_id &&
            (*known)->generation >= identity.generation) {
          identity.generation = static_cast<std::uint16_t>((*known)->generation + 1);
          changed = true;
          log_warn("sink.of_another_log",
                   {{"sink", sink->name}, {"generation", identity.generation}});
        }
        if (known) break;
        if (known.error().disposition != Disposition::retry) return Failure(known.error());
        // A sink that is away fails alone: its identity is settled when it comes back.
        if (attempt >= 3) break;
        if (!back_off("sink " + sink->name, known.error(), attempt)) return {};
      }
    }
  }
  for (unsigned attempt = 0; changed && !stopping(); ++attempt) {
    const auto saved = save_identity(identity);
    if (saved) break;
    if (saved.error().disposition != Disposition::retry) return saved;
    if (!back_off("log", saved.error(), attempt)) return {};
  }
  identity_ = identity;
  return {};
}

Result<void> Runner::save_identity(const sinks::LogIdentity& identity) {
  TAILRACE_ASSIGN(const auto writer, log_->open_writer(spec_.name + ".identity." + instance_id_));
  const std::string value = engine::encode(identity);
  TAILRACE_TRY(
      writer->append({engine::control_topic(spec_.name), 0, engine::identity_key, value, {}}));
  return writer->commit();
}

std::vector<const sinks::SinkSpec*> Runner::sinks_of(const std::string& document) const {
  std::vector<const sinks::SinkSpec*> found;
  for (const sinks::SinkSpec& sink : spec_.sinks) {
    if (sink.document == document) found.push_back(&sink);
  }
  return found;
}

// Crash-only: after an error that may pass, everything of the component is made anew.
void Runner::keep_running(const std::string& component, const std::function<Result<void>()>& once) {
  for (unsigned attempt = 0; !stopping(); ++attempt) {
    const Deadline began = system_clock().now();
    const auto outcome = once();
    if (outcome) break;
    if (outcome.error().disposition != Disposition::retry) {
      fail(component, outcome.error());
      break;
    }
    if (system_clock().now() - began > std::chrono::seconds(60)) attempt = 0;
    if (!back_off(component, outcome.error(), attempt)) break;
  }
}

// ------------------------------------------------------------------ projectors

void Runner::projector_loop(ProjectorSlot& slot) {
  const std::string& document = blueprint_->plan.documents[slot.document].name;
  keep_running("projector " + document, [&]() -> Result<void> {
    auto outcome = project_once(slot);
    while (!outcome && outcome.error().code == "schema.newer") {
      TAILRACE_TRY(renew_blueprint(slot));
      outcome = project_once(slot);
    }
    if (outcome) return {};
    if (outcome.error().code == "state.corrupt" && log_->keeps_state()) return forget_store(slot);
    if (outcome.error().code == "log.fenced") return doubt_fence(slot, outcome.error());
    return outcome;
  });
  slot.ended = true;
}

// A worker that the broker did not hear in time is fenced by its own next membership. Its name is
// its own (state.dir has one process), so only a copied state.dir can fence it again and again.
Result<void> Runner::doubt_fence(ProjectorSlot& slot, const Error& error) {
  const Deadline now = system_clock().now();
  std::erase_if(slot.fenced, [&](Deadline at) { return now - at > std::chrono::minutes(2); });
  slot.fenced.push_back(now);
  if (slot.fenced.size() > 3) return Failure(error);
  return retry("log.member_lost", error.message);
}

// A damaged local store is only a copy: the next take-over restores it from the log.
Result<void> Runner::forget_store(const ProjectorSlot& slot) {
  const std::string& document = blueprint_->plan.documents[slot.document].name;
  for (stream::Partition partition = 0; partition < partitions_of(spec_); ++partition) {
    TAILRACE_TRY(stores_->remove(document + "-" + std::to_string(partition)));
  }
  TAILRACE_TRY(stores_->remove(document + "-lookups"));
  return retry("state.corrupt",
               "the local state of document '" + document + "' was damaged; restoring it");
}

Result<std::vector<std::unique_ptr<engine::SinkLane>>> Runner::open_lanes(
    const ProjectorSlot& slot) {
  std::vector<std::unique_ptr<engine::SinkLane>> lanes;
  const transform::DocumentPlan& plan = slot.blueprint->plan.documents[slot.document];
  const sinks::DocumentShape shape = shape_of(spec_, plan, slot.blueprint->control.schemas->tables);
  for (const sinks::SinkSpec* sink : sinks_of(plan.name)) {
    TAILRACE_ASSIGN(auto opened, make_sink(*sink, shape));
    lanes.push_back(std::make_unique<engine::SinkLane>(lane_options(spec_, *sink),
                                                       std::move(opened), identity_, board_));
  }
  return lanes;
}

Result<void> Runner::project_once(ProjectorSlot& slot) {
  TAILRACE_ASSIGN(const auto lanes, open_lanes(slot));
  engine::ProjectorOptions options;
  options.pipeline = spec_.name;
  options.instance_id = instance_id_;
  options.document = slot.document;
  options.sources = slot.blueprint->control.shards;
  options.identity = identity_;
  options.schema_version = slot.blueprint->control.schemas->version;
  options.halt_on_poison = spec_.errors.halt_on_poison;
  options.dead_letters_per_second = spec_.errors.pause_above_per_second;
  options.partitions = partitions_of(spec_);
  std::vector<engine::SinkPort*> ports;
  for (const auto& lane : lanes) ports.push_back(lane.get());
  engine::Projector projector(
      std::move(options), {*log_, *stores_, slot.blueprint->plan, std::move(ports), system_clock(),
                           board_, options_.fanout_valve});
  TAILRACE_TRY(projector.open());
  Deadline next_check{};
  while (!stopping()) {
    TAILRACE_TRY(projector.step(system_clock().now() + step_time));
    if (slot.reached || system_clock().now() < next_check) continue;
    next_check = system_clock().now() + std::chrono::milliseconds(20);
    const auto targets = this->targets(*slot.blueprint);
    slot.reached = targets && projector.has_reached(*targets);
  }
  slot.dead_letters = projector.dead_letters();
  return projector.close(system_clock().now() + options_.drain);
}

}  // namespace tailrace::app
