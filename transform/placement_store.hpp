// What capture remembers of rows that carry no key of their root, in layers: what the log holds for
// good (in the store), what was read since the last commit (in memory), and the transaction at
// hand, of which a large one spills into the store beside the first. What a process that died left
// of the upper two is gone when the store is opened again. Threading: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::transform {

// Without the transaction at hand, and with it.
enum class Moment : std::uint8_t { before, after };

class PlacementStore {
 public:
  // `spill_bytes`: of a transaction held in memory.
  PlacementStore(std::unique_ptr<KeyValueStore> store, std::size_t spill_bytes)
      : store_(std::move(store)), spill_bytes_(spill_bytes) {}

  // Forgets what a transaction of an earlier process spilled.
  Result<void> open() { return clear_spilled(); }

  // False: not there.
  Result<bool> get(Moment moment, std::string_view key, std::string& value);
  // All entries whose keys begin with `prefix`, in key order.
  using Visitor = std::function<Result<void>(std::string_view key, std::string_view value)>;
  Result<void> scan(Moment moment, std::string_view prefix, const Visitor& visit);

  // In the transaction at hand. nullopt: no longer there. `idx`: of the row that says so.
  Result<void> put(std::string key, std::optional<std::string> value, std::uint32_t idx);
  // Every entry whose key begins with `prefix` goes, in the transaction at hand.
  Result<void> remove_all(std::string_view prefix);
  struct Change {
    std::string_view key;
    std::optional<std::string> value;
    std::uint32_t idx;
  };
  // The last change of each key by the transaction at hand, in key order.
  Result<void> changes(const std::function<Result<void>(const Change&)>& visit);
  bool changed() const { return spilled_ || !transaction_.empty(); }
  // Nothing of it counts.
  Result<void> drop_transaction();
  // It is read. A spilled one must be kept before the next one begins.
  Result<void> end_transaction();
  bool spilled() const { return spilled_; }
  // Off: it is held in memory, however large.
  void allow_spilling(bool allowed) { may_spill_ = allowed; }

  // What the log said already, in a run of this process or an earlier one.
  void restore(std::string key, std::optional<std::string> value);
  std::size_t unkept_bytes() const { return batch_bytes_; }
  // What ended is in the log for good: writes it to the store.
  Result<void> keep();

  // Small facts beside the entries, written at once.
  Result<bool> fact(std::string_view name, std::string& value) {
    return store_->get(Family::meta, name, value);
  }
  Result<void> set_fact(std::string name, std::string value);

 private:
  struct Latest {
    std::optional<std::string> value;
    std::uint32_t idx = 0;
  };
  using Entries = std::map<std::string, std::optional<std::string>, std::less<>>;

  Result<void> spill();
  Result<void> keep_spilled();
  Result<void> clear_spilled();

  std::unique_ptr<KeyValueStore> store_;
  const std::size_t spill_bytes_;
  Entries batch_;
  std::size_t batch_bytes_ = 0;
  std::map<std::string, Latest, std::less<>> transaction_;
  std::size_t transaction_bytes_ = 0;
  bool may_spill_ = true;
  bool spilled_ = false;
  bool ended_ = false;  // the spilled one
};

}  // namespace tailrace::transform
