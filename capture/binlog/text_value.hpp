// The snapshot's half of the value rules: what SELECT prints becomes the very Value that the binlog
// gives. The connection must have: character set utf8mb4, time_zone '+00:00', text protocol.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

#include "core/arena.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "core/value.hpp"

namespace tailrace::capture {

// The SQL expression to select for a column, its name quoted:
//   FLOAT, DOUBLE   `c` * 1e0    else FLOAT has 6 digits, FLOAT(M,D) M digits, ZEROFILL padding
//   CHAR, VARCHAR, TEXT of another character set than utf8mb4   CAST(`c` AS BINARY): the bytes, so
//                   that what is no character is repaired here as in the binlog; servers send '?'
//   DECIMAL … TIME, other texts, JSON, ENUM, SET   `c`
//   BIT, BINARY, BLOB, GEOMETRY, VECTOR      `c`   these arrive as raw bytes
//   MariaDB UUID, INET4, INET6               `c`   printed as text
std::string select_expression(const Column& column);
// `a``b`
std::string quoted_identifier(std::string_view name);

// select_expression() gives the bytes of such a column.
bool is_selected_as_bytes(const ColumnType& type);

// `field`: what select_expression() gave, not NULL. Texts that need no change are referred to,
// others go to the arena. Error halt "source.value" when it cannot be of that type.
Result<Value> value_from_field(const ColumnType& type, std::string_view field, Arena& arena);
// The same of the column's plain text in utf8mb4.
Result<Value> value_from_text(const ColumnType& type, std::string_view text, Arena& arena);

}  // namespace tailrace::capture
