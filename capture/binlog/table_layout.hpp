// A TABLE_MAP compiled for decoding: per wire column one operation and where its value goes.
// Threading: immutable once compiled, except for the character set converters: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/table_map.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

enum class ColumnOp : std::uint8_t;

// One column of the row image.
struct CompiledColumn {
  ColumnOp op{};
  std::uint8_t width = 0;      // bytes of a fixed value, or of the length before a variable one
  std::uint8_t precision = 0;
  std::uint8_t scale = 0;      // DECIMAL's scale; fraction digits of temporals; bits of BIT
  std::uint32_t length = 0;    // BINARY(n) and MariaDB's UUID, INET: bytes to pad to
  std::uint32_t target = 0;    // index in TableSchema::columns; not_wanted: skipped
  bool variable = false;
  bool compressed = false;     // MariaDB's COMPRESSED columns: a header byte before the value
  bool decimal_as_number = false;
  const CharsetConverter* charset = nullptr;     // strings; op text only
  const std::vector<std::string>* members = nullptr;  // ENUM: texts; SET: JSON strings with quotes

  static constexpr std::uint32_t not_wanted = 0xffffffff;
};

// TABLE_MAP's words for the column may stand for a column of kind `told`.
bool can_be(ColumnKind told, const TableMapColumn& wire);
// They do, and `told` is a kind that MariaDB hides behind another: uuid, inet, json, vector.
bool hides(ColumnKind told, const TableMapColumn& wire);

class TableLayout {
 public:
  // Columns are matched by name where TABLE_MAP has names, else by position (then the counts must
  // be equal). TABLE_MAP rules over `schema` in type, sign, character set and members where it says
  // them; `schema` rules over names and representation (as_boolean, decimal_as_number) and over
  // types that MariaDB hides (uuid, inet, json, vector).
  // `wanted`: by schema column; empty: all. Columns not wanted stay absent.
  // Errors halt: binlog.schema_mismatch (other column count, or a type that cannot be the
  // schema's), binlog.unsupported; binlog.members_unknown: an ENUM or SET whose members only the
  // schema tells, where the server's catalogue may have shown a character above U+FFFF as ?.
  static Result<std::shared_ptr<const TableLayout>> compile(
      const TableMap& map, std::shared_ptr<const TableSchema> schema,
      const std::vector<bool>& wanted = {});
  // With make_schema(map).
  static Result<std::shared_ptr<const TableLayout>> compile(const TableMap& map);

  TableLayout(const TableLayout&) = delete;
  TableLayout& operator=(const TableLayout&) = delete;

  const TableSchema& schema() const { return *schema_; }
  const std::vector<CompiledColumn>& columns() const { return columns_; }
  // No column is read: rows can only be counted.
  bool wants_nothing() const { return wants_nothing_; }
  bool sets_every_value() const { return sets_every_value_; }
  // The schema's columns are exactly those of TABLE_MAP, in its order; else a column was added,
  // dropped or moved since the schema was read (told apart only where TABLE_MAP has names).
  bool same_columns() const { return same_columns_; }

 private:
  TableLayout() = default;

  std::shared_ptr<const TableSchema> schema_;
  std::vector<CompiledColumn> columns_;
  std::vector<std::unique_ptr<std::vector<std::string>>> members_;
  std::vector<std::unique_ptr<CharsetConverter>> charsets_;
  bool wants_nothing_ = false;
  bool sets_every_value_ = false;
  bool same_columns_ = false;

  friend class LayoutCompiler;
};

}  // namespace tailrace::capture
