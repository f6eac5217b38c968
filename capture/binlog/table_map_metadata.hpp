// The optional metadata at the end of TABLE_MAP: signs, character sets, names, members, key.
// Source: MySQL Table_map_event::Optional_metadata_fields; binlog.md §1.2 for what differs.
// Threading: free functions.
#pragma once

#include <string_view>

#include "capture/binlog/table_map.hpp"

namespace tailrace::capture {

// Fills map.columns and map.primary_key. False: cut off, or about columns that are not there.
bool read_table_metadata(std::string_view metadata, bool mariadb, TableMap& map);

}  // namespace tailrace::capture
