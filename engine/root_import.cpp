#include "engine/root_import.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t first_chunk = 100;
constexpr std::size_t smallest_chunk = 10;
constexpr std::size_t largest_chunk = 2000;
// A chunk is to take so long at the source: a snapshot that is open for long costs it undo space.
constexpr Milliseconds short_reading{300};
constexpr Milliseconds long_reading{1000};
constexpr Milliseconds longest_pause{30000};

}  // namespace

RootImport::RootImport(RootImportSetup setup, ImportDesk& desk,
                       std::unique_ptr<capture::RootReader> reader,
                       std::map<std::uint64_t, ImportRecord> waiting)
    : setup_(std::move(setup)),
      desk_(desk),
      reader_(std::move(reader)),
      waiting_(std::move(waiting)),
      chunk_(first_chunk) {
  if (!waiting_.empty()) next_number_ = waiting_.rbegin()->first + 1;
  show();
}

RootImport::~RootImport() {
  for (Answer& answer : answers_) {
    answer.order->answer.set_value(retry("import.busy", "capture was started anew; ask again"));
  }
}

Result<bool> RootImport::step(const SavedPosition& position, bool may_begin, const Append& append,
                              const AppendGroup& append_group) {
  TAILRACE_ASSIGN(bool appended, take_orders(append));
  if (!reading_ && may_begin && !waiting_.empty() && setup_.clock.now() >= not_before_) {
    begin(position);
  }
  if (reading_ && !reading_->rows) TAILRACE_TRY(poll());
  if (!reading_ || !reading_->rows) return appended;
  const capture::RootRows& rows = *reading_->rows;
  if (rows.server_uuid != position.source.server_uuid) {
    reading_.reset();  // another server took over: what this one showed may be lost
    return appended;
  }
  if (!rows.is_behind(position.source)) return appended;
  TAILRACE_TRY(finish(append, append_group));
  return true;
}

void RootImport::committed() {
  uncommitted_ = false;
  for (Answer& answer : std::exchange(answers_, {})) {
    answer.order->answer.set_value(answer.receipt);
  }
}

void RootImport::begin(const SavedPosition& position) {
  std::string problem;
  for (const auto& [number, record] : waiting_) {
    auto subject = subject_of(record);
    std::vector<Root> roots;
    std::unordered_map<std::string, std::size_t> by_key;
    for (std::size_t i = 0; subject && i < record.ids.size() && roots.size() < chunk_; ++i) {
      auto root = root_of(*subject, record.ids[i]);
      if (!root || !*root) continue;  // the file is another one than it was when they came
      if (by_key.try_emplace((*root)->key, roots.size()).second) roots.push_back(std::move(**root));
    }
    if (!roots.empty()) {
      reading_.emplace(Reading{number, std::move(*subject), std::move(roots), std::move(by_key),
                               position, std::nullopt, setup_.clock.now()});
      return reader_->begin(request());
    }
    problem = subject ? "its ids fit this pipeline no longer" : subject.error().message;
  }
  problem_ = problem;
  not_before_ = setup_.clock.now() + longest_pause;
  show();
}

capture::RootRequest RootImport::request() const {
  const Subject& subject = reading_->subject;
  capture::RootRequest request;
  for (const Root& root : reading_->roots) request.keys.push_back(root.texts);
  request.read = reading_->at.source;
  if (subject.lookup) {
    request.tables.push_back({subject.schema->id.table, subject.columns});
    return request;
  }
  for (const transform::PlanNode& node : setup_.plan.documents[subject.index].nodes) {
    if (node.kind == transform::NodeKind::lookup) continue;
    if (setup_.layout.group_of(node.table) != setup_.group) continue;
    capture::RootTable table{node.table, {}};
    for (const transform::Slot slot : node.root_key) table.columns.push_back(node.columns[slot]);
    request.tables.push_back(std::move(table));
  }
  return request;
}

Result<void> RootImport::poll() {
  auto rows = reader_->poll();
  if (!rows) {
    put_off(rows.error());
    return {};
  }
  if (!*rows) return {};
  failures_ = 0;
  problem_.clear();
  const auto took = setup_.clock.now() - reading_->began;
  if (took < short_reading) chunk_ = std::min(chunk_ * 2, largest_chunk);
  if (took > long_reading) chunk_ = std::max(chunk_ / 2, smallest_chunk);
  reading_->rows = std::move(**rows);
  return {};
}

// The stream goes on whatever is wrong here; the list says what it is.
void RootImport::put_off(const Error& error) {
  log_warn("import.put_off", {{"code", error.code}, {"reason", error.message}});
  problem_ = error.message;
  reading_.reset();
  const Milliseconds pause{100 << std::min(failures_++, 10u)};
  not_before_ = setup_.clock.now() + std::min(pause, longest_pause);
  show();
}

void RootImport::touched(std::uint16_t document, std::string_view root) {
  touch(false, document, root);
}

void RootImport::touched_value(std::uint16_t lookup, std::string_view key) {
  touch(true, lookup, key);
}

void RootImport::touch(bool lookup, std::uint16_t index, std::string_view key) {
  if (!reading_ || reading_->subject.lookup != lookup || reading_->subject.index != index) return;
  const auto at = reading_->by_key.find(std::string(key));
  if (at != reading_->by_key.end()) reading_->roots[at->second].touched = true;
}

void RootImport::touched_all() {
  if (!reading_) return;
  for (Root& root : reading_->roots) root.touched = true;
}

Result<void> RootImport::finish(const Append& append, const AppendGroup& append_group) {
  TAILRACE_TRY(reading_->subject.lookup ? append_values(append) : append_roots(append_group));
  ImportRecord& record = waiting_.at(reading_->number);
  for (const Root& root : reading_->roots) {
    if (root.touched) {
      ++again_[reading_->number];
      continue;
    }
    std::erase(record.ids, root.id);
    ++record.done;
  }
  const std::uint64_t number = reading_->number;
  if (record.ids.empty()) {
    log_info("import.done", {{"number", number}, {"roots", record.done}});
    waiting_.erase(number);
    again_.erase(number);
  }
  reading_.reset();
  TAILRACE_TRY(save(number, append));
  uncommitted_ = true;
  show();
  return {};
}

Result<void> RootImport::append_roots(const AppendGroup& append_group) {
  const std::uint16_t document = reading_->subject.index;
  const transform::DocumentPlan& plan = setup_.plan.documents[document];
  const transform::Origin origin = this->origin();
  transform::Router router(setup_.plan, transform::RoutedShard{setup_.source, setup_.group});
  router.begin_complete(origin);
  const std::size_t prefix = reading_->subject.prefix.size();
  const bool holds_roots = setup_.layout.group_of(plan.nodes[0].table) == setup_.group;
  for (const Root& root : reading_->roots) {
    // Gone unless its row follows.
    const std::string_view key = std::string_view(root.key).substr(prefix);
    transform::PlacedRow row{document, 0, true, 0, key, key, {}};
    if (holds_roots && !root.touched) router.add(row);
  }
  TAILRACE_TRY(add_rows(router));
  std::vector<bool> told(reading_->roots.size());
  TAILRACE_TRY(router.finish(
      [&](const transform::Router::Group& group) -> Result<void> {
        if (group.document != document) return {};
        const auto at = reading_->by_key.find(std::string(group.root));
        if (at == reading_->by_key.end() || reading_->roots[at->second].touched) return {};
        told[at->second] = true;
        return append_group(group, origin);
      },
      [](const transform::Router::LookupChange&) { return Result<void>{}; }));
  // Whatever this source once told of the others is gone.
  std::string nothing;
  transform::begin_group(nothing, origin, true);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const Root& root = reading_->roots[i];
    if (told[i] || root.touched) continue;
    TAILRACE_TRY(append_group({document, root.key, nothing, 0}, origin));
  }
  return {};
}

// Only the keys that were asked for: another one of the same row may have changed since.
Result<void> RootImport::append_values(const Append& append) {
  const Subject& subject = reading_->subject;
  const std::string topic = lookup_topic(setup_.pipeline, subject.schema->id.table);
  const transform::Origin origin = this->origin();
  transform::Router router(setup_.plan, transform::RoutedShard{setup_.source, setup_.group});
  router.begin_complete(origin);
  TAILRACE_TRY(add_rows(router));
  std::map<std::string, std::string> values;  // by key of the log: of several rows the last
  TAILRACE_TRY(router.finish([](const transform::Router::Group&) { return Result<void>{}; },
                             [&](const transform::Router::LookupChange& change) -> Result<void> {
                               if (change.table == subject.index)
                                 values[std::string(change.key)] = change.record;
                               return {};
                             }));
  std::string gone;
  transform::encode(gone, transform::LookupRow{origin, Token::last_idx, true, {}});
  for (const Root& root : reading_->roots) {
    if (root.touched) continue;
    const auto at = values.find(root.key);
    TAILRACE_TRY(append({topic, 0, root.key, at == values.end() ? gone : at->second, {}}));
  }
  return {};
}

// Stamped with what was read before the snapshot was opened: nothing that the stream tells of later
// is older than it.
transform::Origin RootImport::origin() const {
  return {setup_.source_index, {reading_->at.epoch, reading_->at.seq, 0}, 0, {}};
}

Result<void> RootImport::add_rows(transform::Router& router) const {
  for (const auto& rows : reading_->rows->tables) {
    while (true) {
      TAILRACE_ASSIGN(const auto batch, rows->next());
      if (batch.empty()) break;
      for (const RowChange& row : batch) TAILRACE_TRY(router.add(row));
    }
  }
  return {};
}

}  // namespace tailrace::engine
