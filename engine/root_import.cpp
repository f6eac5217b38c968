#include "engine/root_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/assert.hpp"
#include "core/json_writer.hpp"
#include "core/log.hpp"
#include "engine/topics.hpp"
#include "transform/projection/document_id.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t first_chunk = 100;
constexpr std::size_t smallest_chunk = 10;
constexpr std::size_t largest_chunk = 2000;
constexpr std::size_t most_waiting = 200'000;
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
  for (Answer& answer : std::exchange(answers_, {})) {
    answer.order->answer.set_value(answer.receipt);
  }
}

// ------------------------------------------------------------------ orders

Result<bool> RootImport::take_orders(const Append& append) {
  bool appended = false;
  while (auto order = desk_.take()) {
    auto receipt = order->stops != 0 ? stop(order->stops, append) : start(order->request, append);
    if (!receipt && receipt.error().disposition != Disposition::dead_letter) {
      order->answer.set_value(retry("import.busy", receipt.error().message));
      return Failure(receipt.error());
    }
    if (!receipt || receipt->number == 0) {
      order->answer.set_value(std::move(receipt));
      continue;
    }
    answers_.push_back({std::move(order), *receipt});
    appended = true;
  }
  if (appended) show();
  return appended;
}

Result<ImportReceipt> RootImport::start(const ImportRequest& request, const Append& append) {
  TAILRACE_ASSIGN(const std::uint16_t document, document_of(request.document));
  std::size_t others = 0;
  for (const auto& [number, record] : waiting_) others += record.ids.size();
  if (others + request.ids.size() > most_waiting) {
    return dead_letter("import.full",
                       fmt::format("{} roots wait already; ask again when they are read", others));
  }
  ImportRecord record;
  record.document = request.document;
  record.since_us = setup_.clock.wall_us();
  for (const std::string& id : request.ids) {
    TAILRACE_ASSIGN(const auto root, root_of(document, id));
    if (root) record.ids.push_back(id);
  }
  std::sort(record.ids.begin(), record.ids.end());
  record.ids.erase(std::unique(record.ids.begin(), record.ids.end()), record.ids.end());
  record.roots = record.ids.size();
  if (record.ids.empty()) return ImportReceipt{};
  const ImportReceipt receipt{next_number_++, record.ids.size()};
  waiting_[receipt.number] = std::move(record);
  log_info("import.begun",
           {{"number", receipt.number}, {"document", request.document}, {"roots", receipt.roots}});
  TAILRACE_TRY(save(receipt.number, append));
  return receipt;
}

Result<ImportReceipt> RootImport::stop(std::uint64_t number, const Append& append) {
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) {
    return dead_letter("import.unknown", fmt::format("no import {} waits or goes on", number));
  }
  const ImportReceipt receipt{number, at->second.ids.size()};
  if (reading_ && reading_->number == number) reading_.reset();
  waiting_.erase(at);
  TAILRACE_TRY(save(number, append));
  return receipt;
}

Result<std::uint16_t> RootImport::document_of(const std::string& name) const {
  for (std::size_t d = 0; d < setup_.plan.documents.size(); ++d) {
    const transform::DocumentPlan& plan = setup_.plan.documents[d];
    if (plan.name != name) continue;
    const auto& nodes = plan.nodes;
    if (std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.deep(); })) {
      return dead_letter("import.nested",
                         fmt::format("document '{}' has children of children, which cannot be "
                                     "read again one root at a time yet",
                                     name));
    }
    return static_cast<std::uint16_t>(d);
  }
  return dead_letter("import.no_document", fmt::format("there is no document type '{}'", name));
}

Result<std::optional<RootImport::Root>> RootImport::root_of(std::uint16_t document,
                                                            const std::string& id) const {
  const transform::DocumentPlan& plan = setup_.plan.documents[document];
  const transform::DocumentId form(plan.id_template, plan.key_columns);
  auto texts = form.key_texts(id, setup_.source);
  if (!texts) {
    if (plan.shard_in_key) return std::optional<Root>();
    return dead_letter("import.bad_id",
                       fmt::format("'{}' is no id of the form {}", id, plan.id_template));
  }
  const TableSchema& schema = schema_of(plan.nodes[0].table);
  Root root{id, std::move(*texts), plan.key_prefix(setup_.source, setup_.group)};
  Arena arena;
  for (std::size_t i = 0; i < root.texts.size(); ++i) {
    const auto column =
        std::find_if(schema.columns.begin(), schema.columns.end(),
                     [&](const Column& c) { return c.name == plan.key_columns[i]; });
    TAILRACE_ASSERT(column != schema.columns.end());
    const auto value = reader_->key_value(column->type, root.texts[i], arena);
    if (!value) {
      return dead_letter(value.error().code, fmt::format("'{}': {}", id, value.error().message));
    }
    append_key_part(root.key, *value);
  }
  return std::optional(std::move(root));
}

const TableSchema& RootImport::schema_of(std::string_view table) const {
  const auto at = std::find_if(setup_.schemas.begin(), setup_.schemas.end(),
                               [&](const TableSchema& schema) { return schema.id.table == table; });
  TAILRACE_ASSERT(at != setup_.schemas.end());
  return *at;
}

// ------------------------------------------------------------------ reading

void RootImport::begin(const SavedPosition& position) {
  const auto& [number, record] = *waiting_.begin();
  Reading reading;
  reading.number = number;
  reading.at = position;
  reading.began = setup_.clock.now();
  const auto document = document_of(record.document);
  for (std::size_t i = 0; document && i < record.ids.size() && reading.roots.size() < chunk_; ++i) {
    auto root = root_of(*document, record.ids[i]);
    if (!root || !*root) continue;  // the file is another one than it was when they came
    if (!reading.by_key.try_emplace((*root)->key, reading.roots.size()).second) continue;
    reading.roots.push_back(std::move(**root));
  }
  if (reading.roots.empty()) {
    problem_ = document ? "its ids fit this pipeline no longer" : document.error().message;
    not_before_ = setup_.clock.now() + longest_pause;
    return show();
  }
  reading.document = *document;
  reading_ = std::move(reading);
  reader_->begin(request());
}

capture::RootRequest RootImport::request() const {
  const transform::DocumentPlan& plan = setup_.plan.documents[reading_->document];
  capture::RootRequest request;
  for (const transform::PlanNode& node : plan.nodes) {
    if (node.kind == transform::NodeKind::lookup) continue;
    if (setup_.layout.group_of(node.table) != setup_.group) continue;
    capture::RootTable table{node.table, {}};
    for (const transform::Slot slot : node.root_key) table.columns.push_back(node.columns[slot]);
    request.tables.push_back(std::move(table));
  }
  for (const Root& root : reading_->roots) request.keys.push_back(root.texts);
  request.read = reading_->at.source;
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
  if (!reading_ || reading_->document != document) return;
  const auto at = reading_->by_key.find(std::string(root));
  if (at != reading_->by_key.end()) reading_->roots[at->second].touched = true;
}

void RootImport::touched_all() {
  if (!reading_) return;
  for (Root& root : reading_->roots) root.touched = true;
}

Result<void> RootImport::finish(const Append& append, const AppendGroup& append_group) {
  TAILRACE_TRY(append_roots(append_group));
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
  show();
  return {};
}

// Stamped with what was read before the snapshot was opened: nothing that the stream tells of later
// is older than it.
Result<void> RootImport::append_roots(const AppendGroup& append_group) {
  const transform::DocumentPlan& plan = setup_.plan.documents[reading_->document];
  const transform::Origin origin{
      setup_.source_index, {reading_->at.epoch, reading_->at.seq, 0}, 0, {}};
  transform::Router router(setup_.plan, transform::RoutedShard{setup_.source, setup_.group});
  router.begin_complete(origin);
  const std::size_t prefix = plan.key_prefix(setup_.source, setup_.group).size();
  const bool holds_roots = setup_.layout.group_of(plan.nodes[0].table) == setup_.group;
  for (const Root& root : reading_->roots) {
    // Gone unless its row follows.
    const std::string_view key = std::string_view(root.key).substr(prefix);
    transform::PlacedRow row{reading_->document, 0, true, 0, key, key, {}};
    if (holds_roots && !root.touched) router.add(row);
  }
  for (const auto& rows : reading_->rows->tables) {
    while (true) {
      TAILRACE_ASSIGN(const auto batch, rows->next());
      if (batch.empty()) break;
      for (const RowChange& row : batch) TAILRACE_TRY(router.add(row));
    }
  }
  std::vector<bool> told(reading_->roots.size());
  TAILRACE_TRY(router.finish(
      [&](const transform::Router::Group& group) -> Result<void> {
        if (group.document != reading_->document) return {};
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
    TAILRACE_TRY(append_group({reading_->document, root.key, nothing, 0}, origin));
  }
  return {};
}

// ------------------------------------------------------------------ what outlives capture

Result<void> RootImport::save(std::uint64_t number, const Append& append) {
  const std::string key = import_key(setup_.source, number);
  const std::string topic = control_topic(setup_.pipeline);
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) return append({topic, 0, key, std::nullopt, {}});
  const std::string value = encode(at->second);
  return append({topic, 0, key, value, {}});
}

void RootImport::show() {
  std::vector<ImportReport> reports;
  for (const auto& [number, record] : waiting_) {
    const auto again = again_.find(number);
    reports.push_back({number, record.document, record.roots, record.done,
                       again == again_.end() ? 0 : again->second, record.since_us,
                       reports.empty() ? problem_ : std::string()});
  }
  desk_.show(std::move(reports));
}

}  // namespace tailrace::engine
