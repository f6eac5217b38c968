// The roots a partition has at hand: their state, and what is under way for them. Least recently
// used roots leave when the cache is over its budget and nothing is under way for them.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "stream/event_log.hpp"
#include "transform/projection/root_state.hpp"

namespace tailrace::engine {

using stream::Offset;

enum class Urgency : std::uint8_t { background, foreground };

// What one sink has of one root, in this assignment.
struct SinkProgress {
  static constexpr Offset unknown = -2;
  Offset acknowledged =
      unknown;         // `last` of the newest acknowledged document; unknown: ask nobody, send
  Offset covered = 0;  // records below are in the sink or pending
  std::uint32_t in_flight = 0;
  std::uint32_t attempts = 0;    // of the current content that the sink asked to retry
  Deadline refused_since{};      // the first of them
  std::optional<Urgency> waits;  // to be looked at (SinkQueue)
  std::uint32_t entries = 0;     // in the queue; one that was overtaken stays until its turn
  std::uint32_t chunk = 0;       // of the initial load it is part of; 0: none
};

struct AskedLookup {
  std::string key;  // as of its fragment
  Token token;
  std::uint64_t ticket = 0;  // of the append
  bool applied = false;
};

struct RootEntry {
  std::string key;
  transform::RootState state;
  Offset visible = -1;  // of the last record that changed a visible byte
  // Records that wait for documents, ascending, each with the place it holds in the log: its own,
  // or the first part of its group.
  std::vector<std::pair<Offset, Offset>> holds;
  std::vector<SinkProgress> sinks;
  std::vector<AskedLookup> asked;  // appended to the log, not applied yet; by key
  Deadline asked_at{};
  bool touched = false;  // since the last write to the store

  // The first that is not before this key.
  std::vector<AskedLookup>::iterator asked_from(std::string_view fragment_key) {
    return std::lower_bound(
        asked.begin(), asked.end(), fragment_key,
        [](const AskedLookup& one, std::string_view wanted) { return one.key < wanted; });
  }

  bool busy() const {
    if (touched || !holds.empty()) return true;
    for (const SinkProgress& sink : sinks) {
      if (sink.entries > 0 || sink.in_flight > 0 || sink.chunk != 0) return true;
    }
    return false;
  }
};

class RootCache {
 public:
  RootCache(std::size_t sinks, std::size_t max_bytes) : sinks_(sinks), max_bytes_(max_bytes) {}

  RootEntry* find(std::string_view key) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return nullptr;
    order_.splice(order_.begin(), order_, at->second.place);
    return at->second.entry.get();
  }

  // Without making it the most recently used.
  const RootEntry* peek(std::string_view key) const {
    const auto at = entries_.find(key);
    return at == entries_.end() ? nullptr : at->second.entry.get();
  }

  RootEntry& insert(std::string_view key, transform::RootState state) {
    Slot slot{std::make_unique<RootEntry>(), {}};
    slot.entry->key = key;
    slot.entry->state = std::move(state);
    slot.entry->sinks.resize(sinks_);
    RootEntry& entry = *slot.entry;
    bytes_ += cost(entry);
    order_.push_front(&entry);
    slot.place = order_.begin();
    entries_.emplace(entry.key, std::move(slot));
    return entry;
  }

  // Call after a change of an entry's state with its cost before.
  void recount(std::size_t before, const RootEntry& entry) { bytes_ += cost(entry) - before; }
  static std::size_t cost(const RootEntry& entry) {
    return sizeof(RootEntry) + 160 + 2 * entry.key.size() + entry.state.memory_bytes();
  }

  // Drops idle roots, oldest first, until within the budget; passes a few busy ones at a time.
  void evict() {
    int busy = 0;
    while (bytes_ > max_bytes_ && !order_.empty() && busy < 64) {
      const auto at = std::prev(order_.end());
      RootEntry* entry = *at;
      if (entry->busy()) {
        ++busy;
        order_.splice(order_.begin(), order_, at);  // look at others next time
        continue;
      }
      bytes_ -= cost(*entry);
      order_.erase(at);
      entries_.erase(entries_.find(entry->key));
    }
  }

  bool over_budget() const { return bytes_ > max_bytes_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Slot {
    std::unique_ptr<RootEntry> entry;
    std::list<RootEntry*>::iterator place;
  };
  std::size_t sinks_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<RootEntry*> order_;  // most recently used first
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  std::unordered_map<std::string, Slot, KeyHash, std::equal_to<>> entries_;
};

}  // namespace tailrace::engine
