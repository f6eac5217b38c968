// The mapped tables with their schemas, and which of their columns are read.
// Threading: immutable once built.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "capture/mapped_tables.hpp"
#include "capture/mysql_options.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

struct CapturedTable {
  std::shared_ptr<const TableSchema> schema;
  std::vector<bool> wanted;  // by column of the schema; the primary key always is
  bool lookup = false;
  bool newest_first = false;
};

class CapturedTables {
 public:
  // `schemas` in the order of `selections`. Error halt source.no_column, source.no_table.
  static Result<CapturedTables> build(std::span<const TableSelection> selections,
                                      std::span<const TableSchema> schemas);

  const std::vector<CapturedTable>& tables() const { return tables_; }
  MappedTables names(bool ignore_case) const;

 private:
  std::vector<CapturedTable> tables_;
};

}  // namespace tailrace::capture
