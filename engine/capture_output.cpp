// What capture writes to the log: groups, events, progress, the position, commits.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "engine/capture_role.hpp"
#include "engine/dead_letter.hpp"
#include "engine/topics.hpp"
#include "transform/projection/change_record.hpp"

namespace tailrace::engine {

bool CaptureRole::progress_due() const {
  const auto since = deps_.clock.now() - last_progress_;
  return since >= (progress_owed_ ? options_.progress_interval : options_.idle_progress_interval);
}

Result<void> CaptureRole::append_group(const transform::Router::Group& group,
                                       const transform::Origin& origin) {
  if (imports_) imports_->touched(group.document, group.root);
  return append_in_parts(group, origin,
                         [this](const stream::Append& record) { return append(record); });
}

Result<void> CaptureRole::append_in_parts(const transform::Router::Group& group,
                                          const transform::Origin& origin,
                                          const AppendOne& append) const {
  const std::string& topic = change_topics_[group.document];
  const stream::Partition partition = stream::partition_of(group.root, options_.partitions);
  const std::size_t part_bytes = options_.part_bytes;
  if (group.record.size() <= part_bytes)
    return append({topic, partition, group.root, group.record, {}});
  const auto count =
      static_cast<std::uint32_t>((group.record.size() + part_bytes - 1) / part_bytes);
  std::string value;
  for (std::uint32_t i = 0; i < count; ++i) {
    value.clear();
    transform::encode(
        value,
        transform::PartRecord{origin, i, count, group.record.substr(i * part_bytes, part_bytes)});
    TAILRACE_TRY(append({topic, partition, group.root, value, {}}));
  }
  return {};
}

Result<void> CaptureRole::append_event(const transform::DomainEvent& event) {
  if (known_topics_.insert(event.topic).second) {
    const stream::TopicSpec topic{event.topic, options_.partitions, stream::Retention::by_time};
    TAILRACE_TRY(deps_.log.ensure_topics(std::span(&topic, 1)));
  }
  std::vector<stream::Header> headers;
  headers.reserve(event.headers.size());
  for (const auto& [name, value] : event.headers) headers.push_back({name, value});
  deps_.board.count("tailrace_events_total{type=\"" + event.type + "\"}");
  return append({event.topic, stream::partition_of(event.key, options_.partitions), event.key,
                 event.value, headers});
}

// An event that can never be made or written is announced as a dead letter; the rest goes on.
Result<void> CaptureRole::set_aside(const Result<void>& outcome, const transform::Origin& origin) {
  if (outcome || outcome.error().disposition != Disposition::dead_letter) return outcome;
  const Error& error = outcome.error();
  log_error("events.dead_letter",
            {{"code", error.code}, {"reason", error.message}, {"gtid", origin.gtid}});
  deps_.board.count("tailrace_dead_letters_total{stage=\"events\",code=\"" + error.code + "\"}");
  const std::string value = dead_letter_json("events", error, {{"gtid", origin.gtid}});
  return append({dead_letter_topic(options_.pipeline), 0, origin.gtid, value, {}});
}

Result<void> CaptureRole::append_to_batch(const stream::Append& record) {
  batch_bytes_ += record.key.size() + (record.value ? record.value->size() : 0) + 64;
  return writer_->append(record);
}

Result<void> CaptureRole::append(const stream::Append& record) {
  ++open_records_;
  if (skip_records_ >= open_records_) return {};  // an earlier run appended it
  TAILRACE_TRY(append_to_batch(record));
  // A giant transaction spans several log transactions; each says how far it got.
  if (batch_bytes_ < 2 * options_.batch_bytes) return {};
  // What it says of placement is in the log with its position; only a wide one is told in pieces.
  if (placement_ && !wide_) return {};
  return commit_inside();
}

// A restarted snapshot begins anew; a transaction is read again and goes on after these records.
Result<void> CaptureRole::commit_inside() {
  SavedPosition saved = before_;
  saved.open_records = position_.source.snapshot == SnapshotPhase::reading ? 0 : open_records_;
  saved.open_gtid = open_gtid_;
  saved.open_shape = shape();
  return commit(saved);
}

std::uint64_t CaptureRole::shape() const {
  std::uint64_t hash = options_.pass_bytes * 31 + static_cast<std::uint64_t>(options_.partitions);
  for (const transform::DocumentPlan& document : plan_.documents)
    hash = hash * 31 + document.spec_hash;
  if (!options_.events) return hash;
  for (const transform::EventRule& rule : options_.events->rules) {
    hash = hash * 31 + rule.transitions.size() + (rule.per_transaction ? 7 : 0);
  }
  return hash;
}

// The records of an interrupted giant transaction are left out only if it is this one.
Result<void> CaptureRole::resume_open(const Transaction& transaction) {
  open_gtid_ = transaction.gtid;
  if (skip_records_ == 0 || transaction.kind != TransactionKind::rows) return {};
  const bool same = committed_.open_gtid == transaction.gtid &&
                    committed_.source.server_uuid == transaction.position.server_uuid;
  if (!same) {
    skip_records_ = 0;  // repeated groups are harmless: their tokens say so
    return {};
  }
  if (committed_.open_shape == shape()) return {};
  return halt(
      "spec.open_transaction",
      fmt::format("transaction {} was interrupted in the middle and the pipeline file has changed "
                  "since; run the old file until it is through, then the new one",
                  transaction.gtid));
}

Result<void> CaptureRole::append_to_all(std::string_view value, bool with_lookups) {
  for (const std::string& topic : change_topics_) {
    for (stream::Partition p = 0; p < options_.partitions; ++p) {
      TAILRACE_TRY(writer_->append({topic, p, "", value, {}}));
    }
  }
  if (!with_lookups) return {};
  const std::string key = std::string(progress_key_prefix) + options_.source;
  for (std::size_t i = 0; i < lookup_topics_.size(); ++i) {
    if (plan_.lookups[i].group != group_) continue;  // its rows come from others
    TAILRACE_TRY(writer_->append({lookup_topics_[i], 0, key, value, {}}));
  }
  return {};
}

Result<void> CaptureRole::append_sweep(const Transaction& transaction, const std::string& table) {
  if (imports_) imports_->touched_all();
  const transform::SweepRecord sweep{origin_of(transaction), table};
  std::string value;
  transform::encode(value, sweep);
  for (std::size_t d = 0; d < plan_.documents.size(); ++d) {
    if (!plan_.documents[d].holds_rows_of(table)) continue;
    for (stream::Partition p = 0; p < options_.partitions; ++p) {
      TAILRACE_TRY(writer_->append({change_topics_[d], p, "", value, {}}));
    }
  }
  const std::string key = std::string(sweep_key_prefix) + options_.source;
  for (std::size_t t = 0; t < plan_.lookups.size(); ++t) {
    if (plan_.lookups[t].table != table) continue;
    TAILRACE_TRY(writer_->append({lookup_topics_[t], 0, key, value, {}}));
  }
  return {};
}

// The sweep takes the table's own rows; those below them leave their documents here. It is one log
// transaction with the position, in which no record of an interrupted transaction is left out.
Result<void> CaptureRole::empty_placement(const Transaction& transaction) {
  TAILRACE_TRY(placement_->begin(transaction.rows == nullptr));
  for (const TableEvent& event : transaction.table_events) {
    if (empties(event)) TAILRACE_TRY(placement_->empty(event.table.table));
  }
  if (!placement_->changed()) return {};
  const transform::Origin origin = origin_of(transaction);
  const std::uint64_t skipped = std::exchange(skip_records_, 0);
  wide_ = false;
  TAILRACE_TRY(placement_->append(origin.base, true,
                                  [this](const stream::Append& record) { return append(record); }));
  router_->begin(origin);
  TAILRACE_TRY(finish_pass(origin));
  open_records_ = 0;
  skip_records_ = skipped;
  return placement_->end_transaction();
}

Result<void> CaptureRole::append_progress() {
  std::string value;
  const std::string gtids = position_.source.gtid_set.text();
  transform::ProgressRecord record;
  record.origin = {source_index_, {position_.epoch, position_.seq, 0}, deps_.clock.wall_us(), {}};
  const bool loading = position_.source.snapshot != SnapshotPhase::done;
  record.committed_seq = loading ? 0 : committed_.seq;
  record.gtid_set = gtids;
  record.schema_version = schemas_.version;
  transform::encode(value, record);
  TAILRACE_TRY(append_to_all(value, true));
  last_progress_ = deps_.clock.now();
  progress_owed_ = false;
  open_ = true;
  return {};
}

Result<void> CaptureRole::commit() {
  // An interrupted transaction that was not read again yet is still as far as it was.
  const bool interrupted = skip_records_ > 0;
  position_.open_records = interrupted ? skip_records_ : 0;
  position_.open_gtid = interrupted ? committed_.open_gtid : std::string();
  position_.open_shape = interrupted ? committed_.open_shape : 0;
  if (placement_) TAILRACE_TRY(placement_->before_commit());
  TAILRACE_TRY(commit(position_));
  if (placement_) TAILRACE_TRY(placement_->after_commit());
  committed_ = position_;
  open_ = false;
  report();
  return {};
}

Result<void> CaptureRole::commit(const SavedPosition& saved) {
  const std::string value = encode(saved);
  TAILRACE_TRY(writer_->append(
      {control_topic(options_.pipeline), 0, position_key(options_.source), value, {}}));
  const auto& tables = saved.source.tables;
  if (tables && tables != saved_tables_) {
    TAILRACE_TRY(writer_->append(
        {control_topic(options_.pipeline), 0, tables_key(options_.source), *tables, {}}));
  }
  const Deadline began = deps_.clock.now();
  TAILRACE_TRY(writer_->commit());
  deps_.board.observe("tailrace_log_ack_seconds",
                      std::chrono::duration<double>(deps_.clock.now() - began).count());
  if (imports_) imports_->committed();
  saved_tables_ = tables;
  batch_bytes_ = 0;
  batch_began_ = deps_.clock.now();
  return {};
}

double CaptureRole::lag_s() const {
  if (last_commit_time_us_ == 0) return 0;
  return std::max(0.0, static_cast<double>(deps_.clock.wall_us() - last_commit_time_us_) / 1e6);
}

std::string CaptureRole::labelled(std::string_view series) const {
  return fmt::format("{}{{shard=\"{}\"}}", series, options_.source);
}

void CaptureRole::report() {
  const double lag = lag_s();
  const bool behind = is_behind();
  const bool loading = position_.source.snapshot == SnapshotPhase::reading ||
                       position_.source.snapshot == SnapshotPhase::none;
  if (source_trouble_) {
    deps_.board.set(options_.component, Phase::degraded, source_trouble_->code,
                    source_trouble_->message);
  } else {
    deps_.board.set(options_.component, loading  ? Phase::snapshotting
                                        : behind ? Phase::catching_up
                                                 : Phase::streaming);
  }
  deps_.board.set_fact("source." + options_.source + ".gtid_set", position_.source.gtid_set.text());
  deps_.board.set_fact("source." + options_.source + ".position", position_.source.binlog.text());
  deps_.board.gauge(labelled("tailrace_source_lag_seconds"), behind ? lag : 0);
  deps_.board.gauge(labelled("tailrace_source_last_event_timestamp_seconds"),
                    static_cast<double>(last_commit_time_us_) / 1e6);
  deps_.board.gauge(labelled("tailrace_source_rows_total"), static_cast<double>(rows_));
  deps_.board.gauge(labelled("tailrace_source_transactions_total"),
                    static_cast<double>(position_.seq));
}

}  // namespace tailrace::engine
