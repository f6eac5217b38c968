// The rows of one transaction collected for events that tell of all of them at once.
// Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/change.hpp"
#include "transform/event_data.hpp"
#include "transform/event_rules.hpp"

namespace tailrace::transform {

// Where a row belongs: rows that are equal in all of these share an event.
struct EventGroupKey {
  const CompiledEventRule* rule = nullptr;
  const std::string* type = nullptr;
  std::string_view topic;
  std::string_view key;
};

struct EventGroup {
  const CompiledEventRule* rule = nullptr;
  const std::string* type = nullptr;
  const EventData* data = nullptr;
  std::uint32_t first_index = 0;  // RowChange::index of the first row
  bool opened_by_leaving = false;  // the first row's key was this one only before the change
  bool incomplete = false;         // rows are missing: not to be sent
  std::string members;            // JSON of the key columns
  std::string rows;               // row changes one after the other, as values, not yet as JSON
};

class EventGroups {
 public:
  explicit EventGroups(std::size_t held_bytes) : limit_(held_bytes) {}

  struct Row {
    const RowChange& change;
    const EventData& data;             // of its table; lives until clear
    const std::vector<Value>& values;  // what the key was rendered from
    bool leaving = false;              // `values` are those from before the change
  };
  // Without room no group is opened any more until clear, and the groups that grow are incomplete.
  void add(const EventGroupKey& key, const Row& row);

  using Entry = std::pair<const std::string, EventGroup>;
  // In the order in which they were opened, the incomplete ones too.
  const std::vector<Entry*>& in_order() const { return order_; }
  // Topic and key are kept once, in the entry's name.
  static EventGroupKey key_of(const Entry& entry);
  // Appends {key columns…,"rows":[…]}.
  static void append_data(const EventGroup& group, std::string& out);

  // Rows whose group could not be opened.
  std::uint64_t rows_without_room() const { return rows_without_room_; }

  void clear();

 private:
  void open(EventGroup& group, const EventGroupKey& key, const Row& row);
  void append(EventGroup& group, const RowChange& change);

  std::unordered_map<std::string, EventGroup> groups_;
  std::vector<Entry*> order_;
  std::string name_;
  std::size_t limit_;
  std::size_t held_ = 0;  // never goes down: what had no room once has none later
  std::uint64_t rows_without_room_ = 0;
};

}  // namespace tailrace::transform
