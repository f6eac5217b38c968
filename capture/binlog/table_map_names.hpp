// Gives a TABLE_MAP the metadata that its server left out, as binlog_row_metadata=FULL would have
// logged it, so that whoever reads it needs no second source. Bytes: binlog.md §1.2.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

#include "capture/binlog/table_map.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// `body`: of the event; `map`: what it says; `schema`: a definition that it does not contradict,
// with its columns in the same order. What the event says itself stays.
std::string with_metadata(std::string_view body, const TableMap& map, const TableSchema& schema,
                          bool mariadb);

}  // namespace tailrace::capture
