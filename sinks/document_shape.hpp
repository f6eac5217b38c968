// What a sink needs to know of a document type to make a mapping: fields, their column types,
// their nesting.
// Threading: plain values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/table_schema.hpp"

namespace tailrace::sinks {

struct FieldShape {
  std::string name;
  enum class Kind { column, object, list } kind = Kind::column;
  ColumnType column;                // kind column
  bool with_zone = false;           // DATETIME shown with an offset
  std::vector<FieldShape> fields;   // kind object (lookups, one: true) and list (children)
};

struct DocumentShape {
  std::string document;             // "order"
  std::vector<FieldShape> fields;   // without `_tailrace`
};

}  // namespace tailrace::sinks
