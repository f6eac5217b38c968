// Decodes the rows of one row event, one by one, into Values in the order of the schema's columns.
// Texts refer to the event's bytes where they can stay as they are, else to the arena; so a Value
// lives as long as both. Nothing is allocated per value beyond the arena.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "capture/binlog/column_values.hpp"
#include "capture/binlog/rows_event.hpp"
#include "capture/binlog/table_layout.hpp"
#include "core/arena.hpp"
#include "core/result.hpp"
#include "core/value.hpp"

namespace tailrace::capture {

class RowDecoder {
 public:
  // All three must outlive the decoder; `layout` must come from the TABLE_MAP that `event` names.
  RowDecoder(const TableLayout& layout, const RowsEvent& event, Arena& arena);

  // The next row, or false after the last. `before` is written for update and remove, `after` for
  // insert and update; each must have schema().columns.size() elements where it is written, and
  // every element is written (absent where the image has no value). Both may be empty where the
  // layout wants no column: then rows are only counted. Errors halt: binlog.corrupt, with the
  // row's number; nothing of that row may be used.
  Result<bool> next(std::span<Value> before, std::span<Value> after);

  const DecodeCounters& counters() const { return counters_; }

 private:
  struct Image {
    std::string_view present;  // bitmap of the columns that are there
    std::size_t columns = 0;   // how many
    bool complete = false;     // all of the table's
  };
  Image describe(std::string_view present) const;
  // `partial`: bits of the JSON columns whose values are differences to those in `before`.
  bool decode(const Image& image, std::span<Value> out, std::string_view partial = {},
              std::span<const Value> before = {});
  bool read_partial_bits(std::string_view& bits);
  bool is_partial(std::string_view bits, std::size_t column) const;
  bool rebuild(const CompiledColumn& column, std::string_view field, std::span<const Value> before,
               Value& out);
  Failure broken() const;

  const TableLayout& layout_;
  const RowsEvent& event_;
  Arena& arena_;
  const char* at_;
  const char* end_;
  Image before_;
  Image after_;
  std::uint64_t row_ = 0;
  DecodeCounters counters_;
  std::string scratch_;  // JSON texts, whose length is not known beforehand
};

}  // namespace tailrace::capture
