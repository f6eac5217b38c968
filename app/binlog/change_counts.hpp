// How many rows of which table a binlog inserts, updates and deletes.
// Threading: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "capture/change_walk.hpp"

namespace tailrace::app {

class ChangeCounts final : public capture::ChangeVisitor {
 public:
  Result<void> begin_rows(const capture::WalkedRows& rows) override;
  Result<void> row(std::uint64_t, std::span<const Value>, std::span<const Value>) override {
    ++*current_;
    return {};
  }
  Result<void> statement(const capture::WalkedStatement&) override { return {}; }

  // A line per table, sorted by name: a table for people, or JSON objects.
  std::string text() const;
  std::string json_lines() const;

 private:
  std::map<TableId, std::array<std::uint64_t, 3>> counts_;  // by RowOp
  std::uint64_t* current_ = nullptr;
};

}  // namespace tailrace::app
