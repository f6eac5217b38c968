// The captures of a runner: what each reads from, from where, and up to where.
#include <fmt/format.h>

#include <random>

#include "app/runner.hpp"

namespace tailrace::app {

namespace {

constexpr Milliseconds step_time{100};

std::string random_id() {
  std::random_device device;
  std::mt19937_64 engine{std::uint64_t{device()} << 32 | device()};
  return fmt::format("{:016x}{:016x}", engine(), engine());
}

}  // namespace

// Every component is on the board from the start: none of them is `streaming` before it says so.
void Runner::add_captures() {
  const std::vector<ShardPlace> places = shards_of(spec_);
  for (const ShardPlace& place : places) {
    auto& slot = captures_.emplace_back(std::make_unique<CaptureSlot>());
    slot->place = place;
    slot->component = places.size() == 1 ? "capture" : "capture " + place.shard->name;
    if (options_.capture) board_.set(slot->component, engine::Phase::starting);
  }
}

void Runner::capture_loop(CaptureSlot& slot) {
  keep_running(slot.component, [&] {
    auto outcome = capture_once(slot);
    while (!outcome && outcome.error().code == "schema.newer") outcome = capture_once(slot);
    return outcome;
  });
  slot.ended = true;
}

engine::CaptureOptions Runner::capture_options(const CaptureSlot& slot) {
  engine::CaptureOptions options;
  options.pipeline = spec_.name;
  options.source = slot.place.shard->name;
  options.layout = layout_of(spec_);
  options.facts_turn = &facts_turn_;
  options.component = slot.component;
  options.partitions = partitions_of(spec_);
  options.log_id = random_id();
  options.documents = spec_.documents;
  options.events = spec_.events;
  options.schema_policy = slot.place.source->on_schema_change;
  return options;
}

engine::CaptureDependencies Runner::capture_dependencies(CaptureSlot& slot) {
  engine::CaptureDependencies deps{
      *log_,
      system_clock(),
      board_,
      [this] { return schemas_of_source(); },
      [this, &slot](const std::vector<TableSchema>& schemas) { return open_source(slot, schemas); },
      [this](TableSchema schema) { return fit_to_file(spec_, std::move(schema)); },
      [this, &slot] { return first_position(slot); }};
  deps.stores = stores_.get();
  if (const auto desk = options_.imports.find(slot.place.shard->name);
      desk != options_.imports.end() && !options_.replay) {
    deps.imports = desk->second;
    deps.make_root_reader = [this, &slot](const std::vector<TableSchema>& schemas) {
      return make_root_reader(spec_, slot.place, schemas);
    };
  }
  if (captures_.size() > 1) {
    deps.read_own_schemas = [this, &slot] { return read_schemas(spec_, slot.place); };
  }
  return deps;
}

Result<void> Runner::capture_once(CaptureSlot& slot) {
  engine::CaptureRole role(capture_options(slot), capture_dependencies(slot));
  // The role owns the source: it must not be shown any more when the role goes.
  struct Unshow {
    Runner& runner;
    CaptureSlot& slot;
    ~Unshow() {
      runner.show_source(slot, nullptr);
      slot.files = nullptr;
    }
  } unshow{*this, slot};
  TAILRACE_TRY(role.open());
  while (!stopping()) {
    TAILRACE_TRY(role.step(system_clock().now() + step_time));
    slot.alive = system_clock().now();
    if (slot.files != nullptr && slot.files->at_end() && !target(slot)) {
      TAILRACE_TRY(role.flush());
      set_target(slot, role.committed().source.gtid_set);
    }
    look_for_target(slot, role);
  }
  return role.flush();
}

void Runner::look_for_target(CaptureSlot& slot, const engine::CaptureRole& role) {
  if (slot.reached || role.reads_again()) return;
  const engine::SavedPosition& committed = role.committed();
  auto target = this->target(slot);
  if (target && !role.lost().empty()) {
    *target = target->minus(role.lost());
    set_target(slot, *target);
  }
  slot.reached = target && committed.source.snapshot == SnapshotPhase::done &&
                 committed.source.gtid_set.contains(*target);
}

// ------------------------------------------------------------------ from where, up to where

// `start`, for pipelines without documents; nullopt: a first load.
Result<std::optional<SourcePosition>> Runner::first_position(const CaptureSlot& slot) const {
  const config::SourceSpec& spec = *slot.place.source;
  if (options_.replay || spec.start == config::StartAt::snapshot) return std::nullopt;
  const std::string& value = spec.start_value;
  SourcePosition position;
  position.snapshot = SnapshotPhase::done;
  if (spec.start == config::StartAt::gtid) {
    TAILRACE_ASSIGN(position.gtid_set, GtidSet::parse(value));
    return position;
  }
  std::optional<BinlogPosition> place;  // else: now
  if (spec.start == config::StartAt::position) {
    const std::size_t colon = value.rfind(':');  // the file was checked when it was loaded
    place = BinlogPosition{value.substr(0, colon), std::stoull(value.substr(colon + 1))};
  }
  TAILRACE_ASSIGN(const auto schemas, read_schemas(spec_, slot.place));
  TAILRACE_ASSIGN(const auto source, make_source(spec_, slot.place, schemas));
  TAILRACE_ASSIGN(position, source->position_at(place));
  return position;
}

Result<void> Runner::find_targets() {
  for (const auto& slot : captures_) {
    if (options_.until) set_target(*slot, *options_.until);
    if (options_.until_now) TAILRACE_TRY(find_target(*slot));
  }
  return {};
}

// --until now: what the source has committed when we start.
Result<void> Runner::find_target(const CaptureSlot& slot) {
  for (unsigned attempt = 0; !stopping(); ++attempt) {
    const auto committed = [&]() -> Result<GtidSet> {
      TAILRACE_ASSIGN(const auto schemas, read_schemas(spec_));
      TAILRACE_ASSIGN(const auto source, make_source(spec_, slot.place, schemas));
      return source->committed_now();
    }();
    if (committed) {
      set_target(slot, *committed);
      return {};
    }
    if (committed.error().disposition != Disposition::retry) return Failure(committed.error());
    if (!back_off(slot.component, committed.error(), attempt)) return {};
  }
  return {};
}

std::optional<GtidSet> Runner::target(const CaptureSlot& slot) const {
  const std::lock_guard lock(mutex_);
  const auto at = targets_.find(slot.place.shard->name);
  return at == targets_.end() ? std::nullopt : std::optional(at->second);
}

void Runner::set_target(const CaptureSlot& slot, GtidSet target) {
  const std::lock_guard lock(mutex_);
  targets_[slot.place.shard->name] = std::move(target);
}

std::optional<engine::Targets> Runner::targets(const Blueprint& blueprint) const {
  engine::Targets targets;
  const std::vector<std::string>& names = blueprint.control.shards;
  const std::lock_guard lock(mutex_);
  for (std::size_t index = 0; index < names.size(); ++index) {
    const auto at = targets_.find(names[index]);
    if (at == targets_.end()) return std::nullopt;
    targets[static_cast<std::uint8_t>(index)] = at->second;
  }
  return targets;
}

Result<std::vector<TableSchema>> Runner::schemas_of_source() const {
  return options_.replay ? read_schemas(spec_, *options_.replay) : read_schemas(spec_);
}

Result<std::unique_ptr<capture::ChangeSource>> Runner::open_source(
    CaptureSlot& slot, const std::vector<TableSchema>& schemas) {
  if (options_.replay) {
    TAILRACE_ASSIGN(auto files, make_source(spec_, *options_.replay, schemas));
    slot.files = files.get();
    return std::unique_ptr<capture::ChangeSource>(std::move(files));
  }
  TAILRACE_ASSIGN(auto server, make_source(spec_, slot.place, schemas));
  show_source(slot, server.get());
  return std::unique_ptr<capture::ChangeSource>(std::move(server));
}

}  // namespace tailrace::app
