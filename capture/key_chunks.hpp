// SELECT statements that read a table in chunks by primary key.
// Threading: one thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/captured_tables.hpp"
#include "capture/mysql/connection.hpp"

namespace tailrace::capture {

class KeyChunks {
 public:
  // `limit`: rows per chunk.
  KeyChunks(const CapturedTable& table, std::size_t limit);

  // Columns of the schema in the order of the result.
  const std::vector<std::uint32_t>& columns() const { return columns_; }
  // False: the key cannot be compared by literals exactly (FLOAT, ENUM …): one chunk holds all.
  bool chunked() const { return chunked_; }

  std::string first() const;
  // The chunk behind `last`, a row of the result with its texts.
  std::string after(mysql::Connection& connection, std::span<const mysql::Field> last) const;

 private:
  std::string select(const std::string& where) const;

  const TableSchema& schema_;
  std::size_t limit_;
  bool descending_;
  bool chunked_ = true;
  std::vector<std::uint32_t> columns_;
  std::vector<std::size_t> key_fields_;  // where in the result each column of the key is
};

}  // namespace tailrace::capture
