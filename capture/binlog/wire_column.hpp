// What a column of TABLE_MAP says about its type, in the words of table_schema.hpp.
// Threading: free functions.
#pragma once

#include "capture/binlog/table_map.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// Members come out in UTF-8; is_unsigned is false and charset "" where the event does not say.
ColumnType wire_column_type(const TableMapColumn& column);

}  // namespace tailrace::capture
