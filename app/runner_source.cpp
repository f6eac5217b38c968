// What a runner's capture reads from: the server or files, from where, and up to where.
#include "app/runner.hpp"

namespace tailrace::app {

// `start`, for pipelines without documents; nullopt: a first load.
Result<std::optional<SourcePosition>> Runner::first_position() const {
  SourcePosition position;
  if (options_.replay) return std::nullopt;
  position.snapshot = SnapshotPhase::done;
  switch (spec_.source.start) {
    case config::StartAt::snapshot:
      return std::nullopt;
    case config::StartAt::now: {
      TAILRACE_ASSIGN(const auto schemas, read_schemas(spec_));
      TAILRACE_ASSIGN(const auto source, make_source(spec_, schemas));
      TAILRACE_ASSIGN(position.gtid_set, source->committed_now());
      return position;
    }
    case config::StartAt::gtid: {
      TAILRACE_ASSIGN(position.gtid_set, GtidSet::parse(spec_.source.start_value));
      return position;
    }
    case config::StartAt::position:
      break;
  }
  return halt("source.start",
              "start: position is not supported yet; name the GTID set that it stands for: "
              "start: \"gtid:<set>\"");
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
