// A small durable map in key order: the projector's local store of one partition, or a lookup view.
// Two implementations: RocksDB, and one in memory for tests and the simulation.
// Threading: one thread per instance.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tailrace::transform {

enum class Family : std::uint8_t { root, edge, meta, pending, view };

// Becomes visible and durable as a whole. Views are copied by write().
class StoreBatch {
 public:
  struct Change {
    Family family;
    std::string key;
    std::optional<std::string> value;  // nullopt: remove
  };
  void put(Family family, std::string key, std::string value) {
    bytes_ += key.size() + value.size();
    changes_.push_back({family, std::move(key), std::move(value)});
  }
  void remove(Family family, std::string key) {
    changes_.push_back({family, std::move(key), std::nullopt});
  }
  bool empty() const { return changes_.empty(); }
  std::size_t bytes() const { return bytes_; }
  const std::vector<Change>& changes() const { return changes_; }
  void clear() {
    changes_.clear();
    bytes_ = 0;
  }

 private:
  std::vector<Change> changes_;
  std::size_t bytes_ = 0;
};

// Errors: halt "state.corrupt" (restore), halt "state.io" (disk; the message says which).
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;
  // False: not there.
  virtual Result<bool> get(Family family, std::string_view key, std::string& value) = 0;
  virtual Result<void> write(const StoreBatch& batch) = 0;
  // What write() accepted survives a power failure after this.
  virtual Result<void> sync() = 0;
  // In key order from `from` (inclusive) until `visit` returns false.
  using Visitor = std::function<bool(std::string_view key, std::string_view value)>;
  virtual Result<void> scan(Family family, std::string_view from, const Visitor& visit) = 0;
};

class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  // Opens or creates. `name`: letters, digits, '-', '.'.
  virtual Result<std::unique_ptr<KeyValueStore>> open(const std::string& name) = 0;
  // Forgets everything of that name; it must not be open.
  virtual Result<void> remove(const std::string& name) = 0;
};

}  // namespace tailrace::transform
