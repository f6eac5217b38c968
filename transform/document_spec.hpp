// What the pipeline file says of one document type, by names; transform/document_plan.hpp compiles
// it against table schemas.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tailrace::transform {

struct FieldSpec {
  std::string name;    // in the document
  std::string column;  // in the table
  friend bool operator==(const FieldSpec&, const FieldSpec&) = default;
};

struct ColumnPair {
  std::string from;  // in the table that holds the key
  std::string to;    // in the table it points at; empty: its primary key, by place
  friend bool operator==(const ColumnPair&, const ColumnPair&) = default;
};

enum class WhenChanged : std::uint8_t { refresh, keep };

struct SortSpec {
  std::string column;
  bool descending = false;
  friend bool operator==(const SortSpec&, const SortSpec&) = default;
};

// A row that this row points at.
struct LookupSpec {
  std::string name;
  std::string table;
  std::vector<ColumnPair> on;
  std::optional<std::vector<FieldSpec>> fields;  // nullopt: every column
  WhenChanged when_changed = WhenChanged::refresh;
  std::uint64_t refresh_per_second = 0;  // 0: no limit
  std::vector<LookupSpec> lookups;
};

// At most so many rows; `flag` in the parent object says whether some were cut.
struct CapSpec {
  std::uint64_t rows = 0;
  std::string flag;
};

// Rows that point at the root, or at the rows of another child.
struct ChildSpec {
  std::string name;
  std::string table;
  std::vector<std::string> on;  // this table's columns that hold the parent's key, in its order
  std::optional<std::vector<FieldSpec>> fields;
  std::vector<SortSpec> sort;  // then by primary key
  std::uint64_t limit = 0;     // 0: all
  bool one = false;
  std::optional<CapSpec> cap;
  std::string flatten;  // the lookup that is shown in place of the row; empty: the row itself
  bool hidden = false;  // not shown; there for `compute`
  std::vector<LookupSpec> lookups;
  std::vector<ChildSpec> children;
};

// A field worked out over a child's rows: compute_text.hpp reads the expression.
struct ComputeSpec {
  std::string name;
  std::string expression;
};

// A foreign key whose cascades the server may keep out of its binlog: what happens to rows of
// `table` when the row that they point at is deleted.
struct CascadeSpec {
  std::string table;
  std::vector<std::string> on;
  std::string references;  // table
  bool set_null = false;   // the key becomes NULL; else the row goes
};

// How many levels of children a document may have below its root.
inline constexpr std::size_t max_levels = 8;

struct DocumentSpec {
  std::string name;
  std::string root;  // table
  std::string id;    // template, "{id}"
  // Rows with one key on several shards are one document: one of them moved.
  bool unique_across_shards = false;
  std::optional<std::vector<FieldSpec>> fields;
  std::vector<LookupSpec> lookups;
  std::vector<ChildSpec> children;
  std::vector<ComputeSpec> compute;
  std::vector<CascadeSpec> cascades;  // of every table of the pipeline
};

}  // namespace tailrace::transform
