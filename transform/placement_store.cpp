#include "transform/placement_store.hpp"

#include <vector>

#include "core/assert.hpp"
#include "core/bytes.hpp"

namespace tailrace::transform {

namespace {

constexpr Family kept = Family::root;
constexpr Family aside = Family::pending;  // a large transaction
constexpr std::size_t write_bytes = 1u << 20;
constexpr std::size_t entry_overhead = 96;  // of a node of a map and its texts

std::size_t size_of(std::string_view key, const std::optional<std::string>& value) {
  return entry_overhead + key.size() + (value ? value->size() : 0);
}

std::string encode(const std::optional<std::string>& value, std::uint32_t idx) {
  std::string out;
  append_varint(out, idx);
  out.push_back(value ? '\1' : '\0');
  if (value) out += *value;
  return out;
}

PlacementStore::Change decode(std::string_view key, std::string_view bytes) {
  ByteReader in(bytes);
  PlacementStore::Change change{key, std::nullopt, static_cast<std::uint32_t>(in.varint())};
  const bool there = in.byte() != 0;
  if (there) change.value.emplace(bytes.substr(bytes.size() - in.remaining()));
  return change;
}

void put_in(StoreBatch& writes, std::string key, std::optional<std::string> value) {
  if (value) {
    writes.put(kept, std::move(key), std::move(*value));
  } else {
    writes.remove(kept, std::move(key));
  }
}

// The error of a visit that ended a scan.
Result<void> outcome(const Result<void>& scanned, const Result<void>& visited) {
  return visited ? scanned : visited;
}

}  // namespace

Result<bool> PlacementStore::get(Moment moment, std::string_view key, std::string& value) {
  const auto take = [&](const std::optional<std::string>& found) {
    if (found) value = *found;
    return found.has_value();
  };
  if (moment == Moment::after) {
    if (const auto at = transaction_.find(key); at != transaction_.end())
      return take(at->second.value);
    if (spilled_) {
      std::string bytes;
      TAILRACE_ASSIGN(const bool there, store_->get(aside, key, bytes));
      if (there) return take(decode(key, bytes).value);
    }
  }
  if (const auto at = batch_.find(key); at != batch_.end()) return take(at->second);
  return store_->get(kept, key, value);
}

Result<void> PlacementStore::scan(Moment moment, std::string_view prefix, const Visitor& visit) {
  Entries found;  // the rows of one parent: they come into one document
  TAILRACE_TRY(store_->scan(kept, prefix, [&](std::string_view key, std::string_view value) {
    if (!key.starts_with(prefix)) return false;
    found.emplace(key, value);
    return true;
  }));
  for (auto at = batch_.lower_bound(prefix);
       at != batch_.end() && std::string_view(at->first).starts_with(prefix); ++at) {
    found[at->first] = at->second;
  }
  if (moment == Moment::after && spilled_) {
    TAILRACE_TRY(store_->scan(aside, prefix, [&](std::string_view key, std::string_view bytes) {
      if (!key.starts_with(prefix)) return false;
      found[std::string(key)] = decode(key, bytes).value;
      return true;
    }));
  }
  if (moment == Moment::after) {
    for (auto at = transaction_.lower_bound(prefix);
         at != transaction_.end() && std::string_view(at->first).starts_with(prefix); ++at) {
      found[at->first] = at->second.value;
    }
  }
  for (const auto& [key, value] : found) {
    if (value) TAILRACE_TRY(visit(key, *value));
  }
  return {};
}

Result<void> PlacementStore::put(std::string key, std::optional<std::string> value,
                                 std::uint32_t idx) {
  TAILRACE_ASSERT(!ended_);
  const auto [at, created] = transaction_.try_emplace(std::move(key));
  if (!created) transaction_bytes_ -= size_of(at->first, at->second.value);
  at->second = {std::move(value), idx};
  transaction_bytes_ += size_of(at->first, at->second.value);
  return may_spill_ && transaction_bytes_ > spill_bytes_ ? spill() : Result<void>{};
}

Result<void> PlacementStore::remove_all(std::string_view prefix) {
  Result<void> removed;
  const auto scanned = store_->scan(kept, prefix, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    removed = put(std::string(key), std::nullopt, 0);
    return removed.has_value();
  });
  TAILRACE_TRY(outcome(scanned, removed));
  for (auto at = batch_.lower_bound(prefix);
       at != batch_.end() && std::string_view(at->first).starts_with(prefix); ++at) {
    if (at->second) TAILRACE_TRY(put(at->first, std::nullopt, 0));
  }
  return {};
}

Result<void> PlacementStore::spill() {
  StoreBatch writes;
  for (const auto& [key, latest] : transaction_) {
    writes.put(aside, key, encode(latest.value, latest.idx));
  }
  TAILRACE_TRY(store_->write(writes));
  transaction_.clear();
  transaction_bytes_ = 0;
  spilled_ = true;
  return {};
}

Result<void> PlacementStore::changes(const std::function<Result<void>(const Change&)>& visit) {
  if (!spilled_) {
    for (const auto& [key, latest] : transaction_) {
      TAILRACE_TRY(visit({key, latest.value, latest.idx}));
    }
    return {};
  }
  if (!transaction_.empty()) TAILRACE_TRY(spill());
  Result<void> visited;
  const auto scanned = store_->scan(aside, {}, [&](std::string_view key, std::string_view bytes) {
    visited = visit(decode(key, bytes));
    return visited.has_value();
  });
  return outcome(scanned, visited);
}

Result<void> PlacementStore::drop_transaction() {
  transaction_.clear();
  transaction_bytes_ = 0;
  ended_ = false;
  return spilled_ ? clear_spilled() : Result<void>{};
}

Result<void> PlacementStore::end_transaction() {
  if (spilled_) {
    if (!transaction_.empty()) TAILRACE_TRY(spill());
    ended_ = true;
    return {};
  }
  for (auto& [key, latest] : transaction_) restore(key, std::move(latest.value));
  transaction_.clear();
  transaction_bytes_ = 0;
  return {};
}

void PlacementStore::restore(std::string key, std::optional<std::string> value) {
  const auto [at, created] = batch_.try_emplace(std::move(key));
  if (!created) batch_bytes_ -= size_of(at->first, at->second);
  at->second = std::move(value);
  batch_bytes_ += size_of(at->first, at->second);
}

Result<void> PlacementStore::keep() {
  StoreBatch writes;
  for (auto& [key, value] : batch_) put_in(writes, key, std::move(value));
  if (!writes.empty()) TAILRACE_TRY(store_->write(writes));
  batch_.clear();
  batch_bytes_ = 0;
  return ended_ ? keep_spilled() : Result<void>{};
}

// Killed in the middle, the store has part of the transaction: the log has all of it, and the
// offset from which the next process reads it lies before.
Result<void> PlacementStore::keep_spilled() {
  StoreBatch writes;
  Result<void> written;
  const auto scanned = store_->scan(aside, {}, [&](std::string_view key, std::string_view bytes) {
    put_in(writes, std::string(key), decode(key, bytes).value);
    if (writes.bytes() < write_bytes) return true;
    written = store_->write(writes);
    writes.clear();
    return written.has_value();
  });
  TAILRACE_TRY(outcome(scanned, written));
  if (!writes.empty()) TAILRACE_TRY(store_->write(writes));
  ended_ = false;
  return clear_spilled();
}

Result<void> PlacementStore::clear_spilled() {
  std::string from;
  while (true) {
    StoreBatch writes;
    std::size_t count = 0;
    TAILRACE_TRY(store_->scan(aside, from, [&](std::string_view key, std::string_view) {
      from = key;
      writes.remove(aside, from);
      return ++count < 10'000;
    }));
    if (writes.empty()) break;
    TAILRACE_TRY(store_->write(writes));
  }
  spilled_ = false;
  return {};
}

Result<void> PlacementStore::set_fact(std::string name, std::string value) {
  StoreBatch writes;
  writes.put(Family::meta, std::move(name), std::move(value));
  return store_->write(writes);
}

}  // namespace tailrace::transform
