// A table as statements or a server define it.
// Threading: plain values.
#pragma once

#include "capture/column_charset.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

struct TableDefinition {
  TableSchema schema;
  DefaultCharset charset;  // of columns that will be added

  friend bool operator==(const TableDefinition& a, const TableDefinition& b) {
    return a.schema == b.schema && a.charset.charset == b.charset.charset;
  }
};

}  // namespace tailrace::capture
