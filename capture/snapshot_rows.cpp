#include "capture/snapshot_rows.hpp"

#include <algorithm>

namespace tailrace::capture {

std::span<Value> SnapshotRows::add_row() {
  const std::size_t columns = table_->columns.size();
  values_.resize((rows_ + 1) * columns);
  ++rows_;
  return {values_.data() + (rows_ - 1) * columns, columns};
}

Result<std::span<const RowChange>> SnapshotRows::next() {
  changes_.clear();
  const std::size_t columns = table_->columns.size();
  const std::size_t end = std::min(at_ + batch_rows, rows_);
  for (; at_ < end; ++at_) {
    changes_.push_back({table_.get(), RowOp::insert, static_cast<std::uint32_t>(at_),
                        {}, {values_.data() + at_ * columns, columns}});
  }
  return std::span<const RowChange>(changes_);
}

Result<void> SnapshotRows::rewind() {
  at_ = 0;
  return {};
}

}  // namespace tailrace::capture
