#include "capture/binlog/table_maps.hpp"

namespace tailrace::capture {

Result<const TableMaps::Entry*> TableMaps::add(const EventView& event,
                                               const FormatDescription& format) {
  TAILRACE_ASSIGN(const std::uint64_t id, parse_table_id(event, format));
  if (const auto found = slots_.find(id);
      found != slots_.end() && found->second.entry.body == event.body) {
    found->second.generation = generation_;
    return &found->second.entry;
  }
  TAILRACE_ASSIGN(const TableMap map, parse_table_map(event, format));
  TAILRACE_ASSIGN(auto layout, bind_(map));
  // Ids change with every reopening of a table; only those of this statement must stay.
  if (slots_.size() >= most_slots) {
    std::erase_if(slots_,
                  [this](const auto& slot) { return slot.second.generation != generation_; });
  }
  Slot& slot = slots_[id];
  slot.entry = Entry{std::string(event.body), map.id, std::move(layout)};
  slot.generation = generation_;
  return &slot.entry;
}

const TableMaps::Entry* TableMaps::find(std::uint64_t table_id) const {
  const auto found = slots_.find(table_id);
  if (found == slots_.end() || found->second.generation != generation_) return nullptr;
  return &found->second.entry;
}

void TableMaps::forget_layouts() { slots_.clear(); }

}  // namespace tailrace::capture
