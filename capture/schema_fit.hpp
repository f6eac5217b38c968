// Whether a table's definition can be the one that a TABLE_MAP was written under: number of
// columns, types, sizes, and everything else that both of them say. Threading: free functions.
#pragma once

#include <optional>
#include <string>

#include "capture/binlog/table_map.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

// What does not fit, for people: "column 'a' is INT there"; nullopt: all fits.
std::optional<std::string> misfit(const TableSchema& schema, const TableMap& map);

// Gives the columns of a TABLE_MAP without names the schema's: names, key, members, signs.
// `schema` must fit.
void name_columns(const TableSchema& schema, TableMap& map);

// What a TABLE_MAP with names says, but for types that MariaDB hides in it, which are as in
// `known`.
TableSchema told_by(const TableMap& map, const TableSchema& known);

}  // namespace tailrace::capture
