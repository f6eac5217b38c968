#include "engine/lookup_view.hpp"

#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

constexpr std::size_t cache_limit_bytes = 64u << 20;
constexpr std::size_t max_recent = 100'000;

std::string store_key(std::uint16_t table, std::string_view log_key) {
  std::string key;
  append_varint(key, table);
  key.append(log_key);
  return key;
}

std::string position_name(const std::string& table) { return "position/" + table; }
std::string last_change_name(const std::string& table) { return "changed/" + table; }

std::string varint_text(stream::Offset offset) {
  std::string text;
  append_varint(text, static_cast<std::uint64_t>(offset));
  return text;
}

LookupValue value_of(const transform::LookupRow& row) {
  LookupValue value;
  value.token = row.origin.base;
  value.token.idx = row.idx;
  value.gone = row.gone;
  value.source = row.origin.source;
  value.commit_time_us = row.origin.commit_time_us;
  value.gtid = row.origin.gtid;
  value.values = row.values;
  return value;
}

std::string sweep_name(std::uint16_t table, std::uint8_t source) {
  std::string name = store_key(table, "\xff");
  name.push_back(static_cast<char>(source));
  return name;
}

LookupValue value_of(const transform::SweepRecord& sweep) {
  LookupValue value;
  value.token = sweep.origin.base;
  value.gone = true;
  value.source = sweep.origin.source;
  value.commit_time_us = sweep.origin.commit_time_us;
  value.gtid = sweep.origin.gtid;
  return value;
}

// Capture's own sign of life; no key set begins like this.
bool is_progress(const stream::Record& record) {
  return record.key.starts_with(progress_key_prefix);
}

// It stands in the value only.
std::uint8_t source_of_sweep(const stream::Record& record) {
  const auto decoded = transform::decode_lookup(record.value.value_or(""));
  const auto* sweep = decoded ? std::get_if<transform::SweepRecord>(&*decoded) : nullptr;
  return sweep == nullptr ? std::uint8_t{0} : sweep->origin.source;
}

LookupChangeSeen change_of(std::uint16_t table, const stream::Record& record) {
  if (record.key.starts_with(sweep_key_prefix)) {
    return {table, record.offset, source_of_sweep(record), 0, {}, true};
  }
  const transform::LookupLogKey key = transform::parse_lookup_log_key(record.key);
  return LookupChangeSeen{table, record.offset, key.source, key.key_set, std::string(key.key)};
}

}  // namespace

Result<void> LookupView::open(stream::EventLog& log, std::string_view pipeline,
                              const std::string& log_id, const std::vector<bool>& tables_used) {
  log_ = &log;
  pipeline_ = pipeline;
  std::string known;
  TAILRACE_ASSIGN(const bool had, store_->get(transform::Family::meta, "log_id", known));
  if (had && known != log_id)
    return halt("view.foreign", "the lookup view was built from another log");
  transform::StoreBatch batch;
  batch.put(transform::Family::meta, "log_id", log_id);
  TAILRACE_TRY(store_->write(batch));
  tables_.resize(plan_.lookups.size());
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (tables_used[i]) TAILRACE_TRY(open_table(static_cast<std::uint16_t>(i)));
  }
  return {};
}

Result<void> LookupView::open_table(std::uint16_t table) {
  Table& at = tables_[table];
  const std::string& name = plan_.lookups[table].table;
  std::string text;
  TAILRACE_ASSIGN(const bool found,
                  store_->get(transform::Family::meta, position_name(name), text));
  if (found) at.position = static_cast<stream::Offset>(ByteReader(text).varint());
  at.recent_from = at.position;
  TAILRACE_ASSIGN(const bool changed,
                  store_->get(transform::Family::meta, last_change_name(name), text));
  if (changed) at.last_change = static_cast<stream::Offset>(ByteReader(text).varint());
  TAILRACE_TRY(load_sweeps(table));
  TAILRACE_ASSIGN(at.reader, log_->open_reader(lookup_topic(pipeline_, name), 0, at.position,
                                               stream::Isolation::read_uncommitted));
  return {};
}

Result<void> LookupView::load_sweeps(std::uint16_t table) {
  const std::string prefix = store_key(table, "\xff");
  std::vector<std::string> stored;
  TAILRACE_TRY(store_->scan(transform::Family::view, prefix,
                            [&](std::string_view key, std::string_view value) {
                              if (!key.starts_with(prefix)) return false;
                              stored.emplace_back(value);
                              return true;
                            }));
  for (const std::string& bytes : stored) {
    TAILRACE_ASSIGN(const auto decoded, transform::decode_lookup(bytes));
    const auto* sweep = std::get_if<transform::SweepRecord>(&decoded);
    if (sweep != nullptr) tables_[table].swept[sweep->origin.source] = value_of(*sweep);
  }
  return {};
}

const LookupValue* LookupView::current(std::uint16_t table, const LookupValue& value) const {
  const auto swept = tables_[table].swept.find(value.source);
  const bool gone = swept != tables_[table].swept.end() && value.token < swept->second.token;
  return gone ? &swept->second : &value;
}

Result<bool> LookupView::poll(const Post& post) {
  bool any = false;
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (!tables_[i].reader) continue;
    TAILRACE_ASSIGN(const bool some, poll_table(static_cast<std::uint16_t>(i), post));
    any = any || some;
  }
  return any;
}

Result<bool> LookupView::poll_table(std::uint16_t table, const Post& post) {
  Table& at = tables_[table];
  TAILRACE_ASSIGN(const auto records, at.reader->poll(Deadline{}));
  at.position = at.reader->position();  // passes markers, too
  if (records.empty()) return false;
  transform::StoreBatch batch;
  for (const stream::Record& record : records) TAILRACE_TRY(put(table, record, batch));
  const std::string& name = plan_.lookups[table].table;
  batch.put(transform::Family::meta, position_name(name), varint_text(at.position));
  const std::size_t known = at.recent.size();
  for (const stream::Record& record : records) {
    if (!is_progress(record)) at.recent.push_back(change_of(table, record));
  }
  if (at.recent.size() > known) {
    at.last_change = at.recent.back().offset;
    batch.put(transform::Family::meta, last_change_name(name), varint_text(at.last_change));
  }
  TAILRACE_TRY(store_->write(batch));
  for (std::size_t i = known; i < at.recent.size(); ++i) TAILRACE_TRY(post(at.recent[i]));
  while (at.recent.size() > max_recent) {
    at.recent_from = at.recent.front().offset + 1;
    at.recent.pop_front();
  }
  return true;
}

Result<void> LookupView::put(std::uint16_t table, const stream::Record& record,
                             transform::StoreBatch& batch) {
  if (!record.value) return {};
  TAILRACE_ASSIGN(const auto decoded, transform::decode_lookup(*record.value));
  if (const auto* progress = std::get_if<transform::ProgressRecord>(&decoded)) {
    tables_[table].progress[progress->origin.source] = progress->gtid_set;
    return {};
  }
  if (const auto* sweep = std::get_if<transform::SweepRecord>(&decoded)) {
    LookupValue& swept = tables_[table].swept[sweep->origin.source];
    if (sweep->origin.base < swept.token) return {};
    swept = value_of(*sweep);
    batch.put(transform::Family::view, sweep_name(table, swept.source), std::string(*record.value));
    return {};
  }
  LookupValue value = value_of(std::get<transform::LookupRow>(decoded));
  std::string key = store_key(table, record.key);
  const LookupChangeSeen change = change_of(table, record);
  TAILRACE_ASSIGN(const LookupValue* current,
                  find(table, change.source, change.key_set, change.key));
  if (current != nullptr && value.token < current->token) return {};
  cache_bytes_ += key.size() + value.values.size() + sizeof(LookupValue) + 64;
  batch.put(transform::Family::view, key, std::string(*record.value));
  cache_[std::move(key)] = std::move(value);
  return {};
}

Result<void> LookupView::replay(std::uint16_t table, stream::Offset from, const Post& post) {
  Table& at = tables_[table];
  if (from > at.last_change) return {};
  if (from < at.recent_from) TAILRACE_TRY(recall(table, from));
  for (const LookupChangeSeen& change : at.recent) {
    if (change.offset >= from) TAILRACE_TRY(post(change));
  }
  return {};
}

// Reads what came before the recent changes, too, from the log.
Result<void> LookupView::recall(std::uint16_t table, stream::Offset from) {
  Table& at = tables_[table];
  TAILRACE_ASSIGN(auto reader,
                  log_->open_reader(lookup_topic(pipeline_, plan_.lookups[table].table), 0, from,
                                    stream::Isolation::read_uncommitted));
  std::vector<LookupChangeSeen> older;
  while (reader->position() < at.recent_from) {
    TAILRACE_ASSIGN(const auto records,
                    reader->poll(system_clock().now() + std::chrono::milliseconds(20)));
    for (const stream::Record& record : records) {
      if (record.offset < at.recent_from && !is_progress(record))
        older.push_back(change_of(table, record));
    }
  }
  at.recent.insert(at.recent.begin(), older.begin(), older.end());
  at.recent_from = from;
  return {};
}

Result<const LookupValue*> LookupView::find(std::uint16_t table, std::uint8_t source,
                                            std::uint16_t key_set, std::string_view key) {
  std::string name = store_key(table, transform::lookup_log_key(source, key_set, key));
  if (const auto at = cache_.find(name); at != cache_.end()) {
    return at->second ? current(table, *at->second) : nullptr;
  }
  if (cache_bytes_ > cache_limit_bytes) {
    cache_.clear();
    cache_bytes_ = 0;
  }
  std::string bytes;
  TAILRACE_ASSIGN(const bool found, store_->get(transform::Family::view, name, bytes));
  if (!found) return nullptr;
  TAILRACE_ASSIGN(const auto decoded, transform::decode_lookup(bytes));
  const auto* row = std::get_if<transform::LookupRow>(&decoded);
  if (row == nullptr) return nullptr;
  cache_bytes_ += name.size() + row->values.size() + sizeof(LookupValue) + 64;
  return current(table, *(cache_[std::move(name)] = value_of(*row)));
}

}  // namespace tailrace::engine
