// A table's columns and key while one statement is applied to them.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/table_definition.hpp"

namespace tailrace::capture {

// Column names compare without case.
bool same_column_name(std::string_view a, std::string_view b);

// The columns while a statement is applied, and the key by name: positions move. The actions of one
// ALTER name columns as they were before it (CHANGE a b INT, CHANGE b a INT swaps), but places
// (AFTER) and keys as they will be.
class TableDraft {
 public:
  explicit TableDraft(TableDefinition& table);

  std::optional<std::size_t> find_before(std::string_view name) const {
    return find([&](const Item& item) { return same_column_name(item.before, name); });
  }
  std::optional<std::size_t> find_now(std::string_view name) const {
    return find([&](const Item& item) { return same_column_name(item.column.name, name); });
  }
  std::size_t size() const { return items_.size(); }

  void insert(std::size_t at, Column column) { put(at, std::move(column), ids_++); }
  void drop(std::size_t at) {
    std::erase_if(key_, [&](const KeyPart& part) { return part.id == items_[at].id; });
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void rename(std::size_t at, const std::string& name) { items_[at].column.name = name; }
  // Takes the column out; put() brings it back as another one with the same place in the key.
  std::size_t take_out(std::size_t at) {
    const std::size_t id = items_[at].id;
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
    return id;
  }
  void put(std::size_t at, Column column, std::size_t id) {
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(at),
                  Item{std::move(column), "", id});
  }
  template <class Change>
  void change_types(Change&& change) {
    for (Item& item : items_) change(item.column.type);
  }
  void set_key(const std::vector<std::string>& names) {
    key_.clear();
    for (const std::string& name : names) key_.push_back({no_id, name});
  }

  // False: the key names a column that is not there, or two columns have one name.
  bool finish();

 private:
  static constexpr std::size_t no_id = static_cast<std::size_t>(-1);
  struct Item {
    Column column;
    std::string before;  // its name before the statement; empty: it is new
    std::size_t id = 0;  // through renames
  };
  struct KeyPart {
    std::size_t id;  // no_id: named by the statement
    std::string name;
  };

  template <class Is>
  std::optional<std::size_t> find(Is&& is) const {
    const auto found = std::find_if(items_.begin(), items_.end(), is);
    if (found == items_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - items_.begin());
  }

  TableDefinition& table_;
  std::vector<Item> items_;
  std::vector<KeyPart> key_;
  std::size_t ids_ = 0;
};

}  // namespace tailrace::capture
