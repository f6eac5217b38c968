// Roots that are read again beside the stream: capture's side of engine/root_import.hpp.
#include "engine/capture_role.hpp"

namespace tailrace::engine {

Result<void> CaptureRole::open_imports(const ControlState& saved) {
  if (deps_.imports == nullptr || !deps_.make_root_reader) return {};
  TAILRACE_ASSIGN(auto reader, deps_.make_root_reader(schemas_.tables));
  std::map<std::uint64_t, ImportRecord> waiting;
  if (const auto at = saved.imports.find(options_.source); at != saved.imports.end()) {
    waiting = at->second;
  }
  imports_ = std::make_unique<RootImport>(
      RootImportSetup{options_.pipeline, options_.source, group_, source_index_, layout_, plan_,
                      schemas_.tables, deps_.clock},
      *deps_.imports, std::move(reader), std::move(waiting));
  return {};
}

// Beside the transactions: none of these records is counted among theirs.
Result<void> CaptureRole::import_roots() {
  if (!imports_) return {};
  const auto append = [this](const stream::Append& record) { return append_to_batch(record); };
  const auto append_group = [&](const transform::Router::Group& group,
                                const transform::Origin& origin) {
    return append_in_parts(group, origin, append);
  };
  const bool may_begin = position_.source.snapshot == SnapshotPhase::done && !is_behind() &&
                         skip_records_ == 0 && !source_trouble_;
  TAILRACE_ASSIGN(const bool appended, imports_->step(position_, may_begin, append, append_group));
  if (!appended || open_) return {};
  open_ = true;
  batch_began_ = deps_.clock.now();
  return {};
}

}  // namespace tailrace::engine
