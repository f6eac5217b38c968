#include "reading.hpp"

#include <algorithm>

#include "core/json_writer.hpp"

namespace tailrace::capture::testing {
namespace {

std::string key_of(const RowChange& change, std::span<const Value> row) {
  std::string key;
  for (const std::uint32_t column : change.table->primary_key) append_key_part(key, row[column]);
  return key;
}

std::string row_of(const RowChange& change, std::span<const Value> row) {
  std::string text = "{";
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i].is_absent()) continue;
    if (text.size() > 1) text += ",";
    append_json_string(text, change.table->columns[i].name);
    text += ":";
    append_json_value(text, row[i]);
  }
  return text + "}";
}

}  // namespace

void Reading::start_after(const GtidSet& executed) {
  SourcePosition from;
  from.gtid_set = executed;
  from.snapshot = SnapshotPhase::done;
  start(from);
}

void Reading::apply(const RowChange& change) {
  Table& table = tables[change.table->id.table];
  if (change.op != RowOp::insert) table.erase(key_of(change, change.before));
  if (change.op != RowOp::remove) {
    table[key_of(change, change.after)] = row_of(change, change.after);
  }
  ++rows;
}

bool Reading::take(Transaction transaction) {
  ++kinds[transaction.kind];
  skipped += transaction.transactions_skipped;
  for (const TableEvent& event : transaction.table_events) {
    table_events.push_back(event);
    if (event.kind != TableEventKind::definition_changed) tables[event.table.table].clear();
  }
  std::uint32_t last_index = 0;
  for (bool more = transaction.rows != nullptr; more;) {
    const auto batch = transaction.rows->next();
    if (!batch) {
      error = batch.error();
      return false;
    }
    more = !batch->empty();
    for (const RowChange& change : *batch) {
      EXPECT_GE(change.index, last_index);
      last_index = change.index;
      apply(change);
    }
  }
  position = transaction.position;
  transaction.rows.reset();
  heads.push_back(std::move(transaction));
  return true;
}

bool Reading::step(Milliseconds wait) {
  auto next = source_->next(std::chrono::steady_clock::now() + wait);
  if (!next) {
    if (next.error().disposition == Disposition::retry) {
      ++retries;
      return true;
    }
    error = next.error();
    return false;
  }
  return !*next || take(std::move(**next));
}

bool Reading::read_until(const GtidSet& target, int seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < deadline) {
    const bool streaming = position.snapshot == SnapshotPhase::done;
    if (streaming && position.gtid_set.contains(target)) return true;
    if (!step()) return false;
  }
  return false;
}

std::string Reading::read_until_halted(int seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < deadline) {
    if (!step()) return error->code;
  }
  return "";
}

}  // namespace tailrace::capture::testing
