// Keys and stored values of a row image, as a plan's node takes them.
// Threading: free functions.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <vector>

#include "core/change.hpp"
#include "core/json_writer.hpp"
#include "core/result.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

inline Failure missing_key(const RowChange& row, const std::string& column) {
  return halt("row.no_key",
              fmt::format("{}: column '{}' is part of a key but not in the row image; set "
                          "binlog_row_image=FULL on the source",
                          row.table->id.text(), column));
}

// Appends the key bytes of `slots`. False: one of them is NULL.
inline Result<bool> append_key(std::string& out, const PlanNode& node,
                               const std::vector<Slot>& slots, const RowChange& row,
                               std::span<const Value> image) {
  for (const Slot slot : slots) {
    const Value& value = image[node.table_columns[slot]];
    if (value.is_absent()) return missing_key(row, node.columns[slot]);
    if (value.is_missing()) return false;
    append_key_part(out, value);
  }
  return true;
}

template <class Columns>
void append_values(std::string& out, const Columns& table_columns, std::span<const Value> image) {
  for (const std::uint32_t column : table_columns) append_value(out, image[column]);
}

}  // namespace tailrace::transform
