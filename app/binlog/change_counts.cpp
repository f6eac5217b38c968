#include "app/binlog/change_counts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/json_writer.hpp"

namespace tailrace::app {

Result<void> ChangeCounts::begin_rows(const capture::WalkedRows& rows) {
  current_ = &counts_[rows.layout->schema().id][static_cast<std::size_t>(rows.op)];
  return {};
}

std::string ChangeCounts::text() const {
  std::size_t width = 5;
  for (const auto& [id, rows] : counts_) width = std::max(width, id.text().size());
  std::string out =
      fmt::format("{:<{}} {:>12} {:>12} {:>12}\n", "table", width, "inserts", "updates", "deletes");
  for (const auto& [id, rows] : counts_) {
    out +=
        fmt::format("{:<{}} {:>12} {:>12} {:>12}\n", id.text(), width, rows[0], rows[1], rows[2]);
  }
  return out;
}

std::string ChangeCounts::json_lines() const {
  std::string out;
  for (const auto& [id, rows] : counts_) {
    out += "{\"schema\":";
    append_json_string(out, id.database);
    out += ",\"table\":";
    append_json_string(out, id.table);
    out += fmt::format(",\"insert\":{},\"update\":{},\"delete\":{}}}\n", rows[0], rows[1], rows[2]);
  }
  return out;
}

}  // namespace tailrace::app
