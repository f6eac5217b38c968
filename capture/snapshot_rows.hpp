// A chunk of a first load in memory.
// Threading: one thread at a time.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "core/change.hpp"

namespace tailrace::capture {

class SnapshotRows : public RowStream {
 public:
  explicit SnapshotRows(std::shared_ptr<const TableSchema> table) : table_(std::move(table)) {}

  // Where the next row's values go, one per column of the schema, all absent.
  std::span<Value> add_row();
  // Holds the texts of the values.
  Arena& arena() { return arena_; }
  void count_bytes(std::size_t bytes) { bytes_ += bytes; }
  std::size_t rows() const { return rows_; }

  Result<std::span<const RowChange>> next() override;
  Result<void> rewind() override;
  std::uint64_t bytes() const override { return bytes_; }
  std::size_t memory_bytes() const {
    return arena_.reserved_bytes() + values_.capacity() * sizeof(Value);
  }

 private:
  static constexpr std::size_t batch_rows = 256;

  std::shared_ptr<const TableSchema> table_;  // shared with the source, which outlives the rows
  Arena arena_;
  std::vector<Value> values_;
  std::size_t rows_ = 0;
  std::size_t at_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<RowChange> changes_;
};

}  // namespace tailrace::capture
