// The shape of one table: names, types, key. Made from the server's catalogue or from a TABLE_MAP.
// Threading: immutable once shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace {

enum class ColumnKind : std::uint8_t {
  tinyint,
  smallint,
  mediumint,
  integer,
  bigint,
  float32,
  float64,
  decimal,
  year,
  date,
  datetime,
  timestamp,
  time,
  bit,
  character,
  varchar,
  text,  // with a character set
  binary,
  varbinary,
  blob,  // raw bytes
  enumeration,
  set,
  json,
  geometry,
  vector,
  uuid,
  inet4,
  inet6,  // MariaDB
  unknown,
};

struct ColumnType {
  ColumnKind kind = ColumnKind::unknown;
  bool is_unsigned = false;
  bool nullable = true;
  bool as_boolean = false;           // tables.t.booleans
  bool decimal_as_number = false;    // tables.t.decimals: number
  std::uint32_t length = 0;          // characters, bytes or bits: CHAR(n), BINARY(n), BIT(n)
  std::uint8_t precision = 0;        // DECIMAL
  std::uint8_t scale = 0;            // DECIMAL
  std::uint8_t fraction_digits = 0;  // DATETIME(f), TIMESTAMP(f), TIME(f)
  std::string charset;               // "utf8mb4"; empty for types without one
  std::string collation;             // "utf8mb4_0900_ai_ci"
  std::vector<std::string> members;  // ENUM, SET: UTF-8, in order of definition

  friend bool operator==(const ColumnType&, const ColumnType&) = default;
};

struct Column {
  std::string name;
  ColumnType type;

  friend bool operator==(const Column&, const Column&) = default;
};

struct TableId {
  std::string database;
  std::string table;

  std::string text() const { return database + "." + table; }
  friend auto operator<=>(const TableId&, const TableId&) = default;
};

struct TableSchema {
  TableId id;
  std::vector<Column> columns;
  std::vector<std::uint32_t> primary_key;  // column indexes, in key order; empty: no primary key

  std::optional<std::uint32_t> find(std::string_view column) const {
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name == column) return i;
    }
    return std::nullopt;
  }
  friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

}  // namespace tailrace
