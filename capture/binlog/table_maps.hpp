// The TABLE_MAPs in force, by table id, and the layouts compiled from them. A TABLE_MAP comes with
// every statement: an equal one costs a memcmp.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "capture/binlog/table_layout.hpp"
#include "capture/binlog/table_map.hpp"

namespace tailrace::capture {

class TableMaps {
 public:
  // Decides about a table when its TABLE_MAP is new or has changed: a layout, or null for a table
  // that is not captured.
  using Bind = std::function<Result<std::shared_ptr<const TableLayout>>(const TableMap&)>;

  struct Entry {
    std::string body;  // of the TABLE_MAP event
    TableId id;
    std::shared_ptr<const TableLayout> layout;  // null: not captured
  };

  explicit TableMaps(Bind bind) : bind_(std::move(bind)) {}

  // The entry lives until forget_layouts() or the next add().
  Result<const Entry*> add(const EventView& event, const FormatDescription& format);
  // Null: no TABLE_MAP of the current statement has this id.
  const Entry* find(std::uint64_t table_id) const;

  // The statement or transaction is over: ids mean nothing any more. Compiled layouts are kept.
  void end_statement() { ++generation_; }
  // A schema has changed: every table is bound again at its next TABLE_MAP.
  void forget_layouts();

 private:
  struct Slot {
    Entry entry;
    std::uint64_t generation = 0;
  };
  static constexpr std::size_t most_slots = 4096;

  Bind bind_;
  std::unordered_map<std::uint64_t, Slot> slots_;
  std::uint64_t generation_ = 1;
};

}  // namespace tailrace::capture
