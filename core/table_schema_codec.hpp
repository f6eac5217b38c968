// The bytes of a table's schema in our own records (docs/formats/control.md).
// Threading: free functions.
#pragma once

#include <string>

#include "core/bytes.hpp"
#include "core/table_schema.hpp"

namespace tailrace {

void append_schema(std::string& out, const TableSchema& schema);
// Check in.ok() behind it.
TableSchema read_schema(ByteReader& in);

}  // namespace tailrace
