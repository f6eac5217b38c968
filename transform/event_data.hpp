// The JSON of events: row images, differences, key columns (docs/formats/events.md).
// Threading: immutable; appends to the caller's string.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/change.hpp"

namespace tailrace::transform {

// "insert", "update" or "delete".
std::string_view event_op_name(RowOp op);

// The value of a column on one side of a row change; absent where the side has no image.
Value image_value(std::span<const Value> image, std::size_t column);

// Fills `values` with the last image known of each column: after the change, else before it.
void last_known_values(const RowChange& row, std::vector<Value>& values);
// The same from the other end: before the change, else after it.
void first_known_values(const RowChange& row, std::vector<Value>& values);

// Writes the data of one table's events. Columns come in table order, absent ones are left out.
class EventData {
 public:
  explicit EventData(const TableSchema& table);

  // {"id":7,"status":"PAID"}
  void append_image(std::string& out, std::span<const Value> values) const;
  // `"id":7,"code":"x"`: members without braces, for the columns that `included` marks.
  void append_members(std::string& out, std::span<const Value> values,
                      const std::vector<bool>& included) const;
  // {"id":7,"status":{"before":"PLACED","after":"PAID"}}: key columns as they are unless they
  // changed, and every column that changed; a side that has no image is left out.
  void append_diff(std::string& out, const RowChange& row,
                   const std::vector<bool>& key_columns) const;
  // {"op":"update","before":{…},"after":{…}}: insert has no before, delete no after.
  void append_row(std::string& out, const RowChange& row) const;

 private:
  void append_change(std::string& out, const Value& before, const Value& after) const;

  std::vector<std::string> labels_;  // "name": with the quotes and the colon
};

}  // namespace tailrace::transform
