// What RootImport is asked for, by people and by capture itself, and what of it outlives capture.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/assert.hpp"
#include "core/json_writer.hpp"
#include "core/log.hpp"
#include "engine/root_import.hpp"
#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t most_waiting = 200'000;
constexpr std::size_t largest_request = 2'000;
constexpr std::size_t largest_request_bytes = 128u << 10;

// Nobody waits for an answer: what cannot be read again must not be passed over.
Result<void> or_halt(const Result<void>& outcome) {
  if (outcome || outcome.error().disposition != Disposition::dead_letter) return outcome;
  return halt(outcome.error().code, outcome.error().message);
}

}  // namespace

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
  ImportRecord record;
  record.document = request.document;
  TAILRACE_ASSIGN(const Subject subject, subject_of(record));
  TAILRACE_TRY(check_room(request.ids.size()));
  for (const std::string& id : request.ids) {
    TAILRACE_ASSIGN(const auto root, root_of(subject, id));
    if (root) record.ids.push_back(id);
  }
  return put(std::move(record), append);
}

Result<void> RootImport::check_room(std::size_t more) const {
  std::size_t others = 0;
  for (const auto& [number, record] : waiting_) others += record.ids.size();
  if (others + more <= most_waiting) return {};
  return dead_letter(
      "import.full",
      fmt::format("{} roots wait already, and {} more are too many at a time; ask again when they "
                  "are read",
                  others, more));
}

Result<ImportReceipt> RootImport::put(ImportRecord record, const Append& append) {
  std::sort(record.ids.begin(), record.ids.end());
  record.ids.erase(std::unique(record.ids.begin(), record.ids.end()), record.ids.end());
  record.roots = record.ids.size();
  record.since_us = setup_.clock.wall_us();
  if (record.ids.empty()) return ImportReceipt{};
  const ImportReceipt receipt{next_number_++, record.ids.size()};
  log_info("import.begun", {{"number", receipt.number},
                            {"of", record.document.empty() ? record.table : record.document},
                            {"roots", receipt.roots}});
  waiting_[receipt.number] = std::move(record);
  TAILRACE_TRY(save(receipt.number, append));
  return receipt;
}

Result<void> RootImport::ask(std::uint16_t document, const std::set<std::string>& roots,
                             const Append& append) {
  if (roots.empty()) return {};
  ImportRecord record;
  record.document = setup_.plan.documents[document].name;
  const auto subject = subject_of(record);
  if (!subject) return or_halt(Failure(subject.error()));
  TAILRACE_TRY(or_halt(check_room(roots.size())));
  return put_keys(record, *subject, {roots.begin(), roots.end()}, append);
}

// In records that a log takes.
Result<void> RootImport::put_keys(const ImportRecord& record, const Subject& subject,
                                  const std::vector<std::string>& keys, const Append& append) {
  std::size_t bytes = 0;
  ImportRecord some = record;
  for (const std::string& key : keys) {
    const std::string id =
        subject.ids.of(std::string_view(key).substr(subject.lookup ? subject.prefix.size() : 0));
    const auto root = root_of(subject, id);
    if (!root || !*root || (*root)->key != key) {
      return halt("import.bad_key",
                  fmt::format("a key of table {} cannot be asked for by its text: '{}'",
                              subject.schema->id.table, id));
    }
    bytes += id.size();
    some.ids.push_back(id);
    if (some.ids.size() < largest_request && bytes < largest_request_bytes) continue;
    TAILRACE_TRY(put(std::exchange(some, record), append));
    bytes = 0;
  }
  TAILRACE_TRY(put(std::move(some), append));
  show();
  return {};
}

Result<void> RootImport::ask_values(std::uint16_t lookup, const std::set<std::string>& keys,
                                    const Append& append) {
  if (keys.empty()) return {};
  TAILRACE_TRY(or_halt(check_room(keys.size())));
  std::map<std::uint16_t, std::vector<std::string>> by_key_set;
  for (const std::string& key : keys) {
    by_key_set[transform::parse_lookup_log_key(key).key_set].push_back(key);
  }
  for (const auto& [key_set, some] : by_key_set) {
    ImportRecord record;
    record.table = setup_.plan.lookups[lookup].table;
    record.key_set = key_set;
    TAILRACE_TRY(put_keys(record, lookup_of(lookup, key_set), some, append));
  }
  return {};
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

Result<RootImport::Subject> RootImport::subject_of(const ImportRecord& record) const {
  if (record.table.empty()) return document_of(record.document);
  const auto& lookups = setup_.plan.lookups;
  const auto at = std::find_if(lookups.begin(), lookups.end(),
                               [&](const auto& lookup) { return lookup.table == record.table; });
  if (at == lookups.end() || record.key_set >= at->key_sets.size()) {
    return dead_letter("import.no_table",
                       fmt::format("no document looks up table '{}' by this key", record.table));
  }
  return lookup_of(static_cast<std::uint16_t>(at - lookups.begin()), record.key_set);
}

RootImport::Subject RootImport::lookup_of(std::uint16_t table, std::uint16_t key_set) const {
  const transform::LookupTable& lookup = setup_.plan.lookups[table];
  std::vector<std::string> columns;
  std::string form;
  for (const transform::Slot slot : lookup.key_sets[key_set]) {
    columns.push_back(lookup.columns[slot]);
    form += (form.empty() ? "{" : "-{") + columns.back() + "}";
  }
  transform::DocumentId ids(form, columns);
  return {table,
          true,
          key_set,
          &schema_of(lookup.table),
          std::move(columns),
          std::move(ids),
          transform::lookup_log_key(setup_.source_index, key_set, "")};
}

Result<RootImport::Subject> RootImport::document_of(const std::string& name) const {
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
    return Subject{static_cast<std::uint16_t>(d),
                   false,
                   0,
                   &schema_of(nodes[0].table),
                   plan.key_columns,
                   transform::DocumentId(plan.id_template, plan.key_columns),
                   plan.key_prefix(setup_.source, setup_.group)};
  }
  return dead_letter("import.no_document", fmt::format("there is no document type '{}'", name));
}

Result<std::optional<RootImport::Root>> RootImport::root_of(const Subject& subject,
                                                            const std::string& id) const {
  auto texts = subject.ids.key_texts(id, setup_.source);
  if (!texts) {
    if (subject.lookup) return dead_letter("import.bad_id", fmt::format("'{}' is no key", id));
    const transform::DocumentPlan& plan = setup_.plan.documents[subject.index];
    if (plan.shard_in_key) return std::optional<Root>();
    return dead_letter("import.bad_id",
                       fmt::format("'{}' is no id of the form {}", id, plan.id_template));
  }
  Root root{id, std::move(*texts), subject.prefix};
  Arena arena;
  for (std::size_t i = 0; i < root.texts.size(); ++i) {
    const auto& all = subject.schema->columns;
    const auto column = std::find_if(all.begin(), all.end(),
                                     [&](const Column& c) { return c.name == subject.columns[i]; });
    TAILRACE_ASSERT(column != all.end());
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
    reports.push_back({number, record.document, record.table, record.roots, record.done,
                       again == again_.end() ? 0 : again->second, record.since_us,
                       reports.empty() ? problem_ : std::string()});
  }
  desk_.show(std::move(reports));
}

}  // namespace tailrace::engine
