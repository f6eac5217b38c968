// What a runner's capture reads from: the server or files, from where, and up to where.
#include "app/runner.hpp"

namespace tailrace::app {

// `start`, for pipelines without documents; nullopt: a first load.
Result<std::optional<SourcePosition>> Runner::first_position() const {
  if (options_.replay || spec_.source.start == config::StartAt::snapshot) return std::nullopt;
  const std::string& value = spec_.source.start_value;
  SourcePosition position;
  position.snapshot = SnapshotPhase::done;
  if (spec_.source.start == config::StartAt::gtid) {
    TAILRACE_ASSIGN(position.gtid_set, GtidSet::parse(value));
    return position;
  }
  std::optional<BinlogPosition> place;  // else: now
  if (spec_.source.start == config::StartAt::position) {
    const std::size_t colon = value.rfind(':');  // the file was checked when it was loaded
    place = BinlogPosition{value.substr(0, colon), std::stoull(value.substr(colon + 1))};
  }
  TAILRACE_ASSIGN(const auto schemas, read_schemas(spec_));
  TAILRACE_ASSIGN(const auto source, make_source(spec_, schemas));
  TAILRACE_ASSIGN(position, source->position_at(place));
  return position;
}

std::optional<GtidSet> Runner::target() const {
  const std::lock_guard lock(mutex_);
  return target_;
}

void Runner::set_target(GtidSet target) {
  const std::lock_guard lock(mutex_);
  target_ = std::move(target);
}

Result<std::vector<TableSchema>> Runner::schemas_of_source() const {
  return options_.replay ? read_schemas(spec_, *options_.replay) : read_schemas(spec_);
}

Result<std::unique_ptr<capture::ChangeSource>> Runner::open_source(
    const std::vector<TableSchema>& schemas) {
  if (options_.replay) {
    TAILRACE_ASSIGN(auto files, make_source(spec_, *options_.replay, schemas));
    files_ = files.get();
    return std::unique_ptr<capture::ChangeSource>(std::move(files));
  }
  TAILRACE_ASSIGN(auto server, make_source(spec_, schemas));
  show_source(server.get());
  return std::unique_ptr<capture::ChangeSource>(std::move(server));
}

}  // namespace tailrace::app
