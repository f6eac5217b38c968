// The changes of a binlog as JSON lines (docs/reference/binlog.md), written as they are met.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/change_walk.hpp"

namespace tailrace::app {

class ChangeLines final : public capture::ChangeVisitor {
 public:
  // Writes to `descriptor`, `promptly` whenever no transaction is open, else when much has come
  // together; a write that fails ends the walk with the error output.write.
  explicit ChangeLines(int descriptor, bool promptly = false)
      : descriptor_(descriptor), promptly_(promptly) {}

  Result<void> begin_rows(const capture::WalkedRows& rows) override;
  Result<void> row(std::uint64_t index, std::span<const Value> before,
                   std::span<const Value> after) override;
  Result<void> statement(const capture::WalkedStatement& statement) override;
  Result<void> at_rest() override { return promptly_ ? flush() : Result<void>(); }

  Result<void> flush();

 private:
  // What of a table's lines is always the same.
  struct TableText {
    std::shared_ptr<const capture::TableLayout> layout;  // keeps its address from being used again
    std::vector<std::string> names;                      // ,"name":
    std::string tail;                                    // ,"schema":"s","table":"t"}
  };

  const TableText& text_of(const capture::WalkedRows& rows);
  template <class Walked>
  void append_source(std::string_view op, const Walked& walked);
  void begin_file(std::string_view name);
  void append_image(std::span<const Value> values);
  void append_key(std::span<const Value> values, std::span<const Value> other);

  int descriptor_;
  bool promptly_;
  std::string file_;
  std::string file_text_;  // {"file":"name","pos":
  std::string out_;
  std::string head_;  // of the lines of the rows at hand, up to the row's number
  RowOp op_ = RowOp::insert;
  const TableText* table_ = nullptr;
  std::unordered_map<const capture::TableLayout*, TableText> tables_;
};

}  // namespace tailrace::app
