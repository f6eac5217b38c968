// The pipeline's documents compiled against table schemas: which table feeds which place in which
// document, which columns travel, which key joins what. Capture and projectors work from the same
// plan, so a node's number and its slots are part of the record format; `spec_hash` guards them.
// Threading: immutable after compile().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "transform/document_spec.hpp"
#include "transform/projection/compute.hpp"
#include "transform/source_layout.hpp"

namespace tailrace::transform {

using NodeId = std::uint8_t;
using Slot = std::uint16_t;  // place of a column in a node's stored row

enum class NodeKind : std::uint8_t { root, child, lookup };

struct OutputField {
  Slot slot;
  std::string name;
  std::string prefix;  // `"name":`, ready to be written
};

struct SortKey {
  Slot slot;
  bool descending;
};

// One place in a document that rows of one table fill.
struct PlanNode {
  NodeId id = 0;
  NodeKind kind = NodeKind::root;
  NodeId parent = 0;
  std::string name;    // field in the parent object; empty for the root
  std::string prefix;  // `"name":`
  std::string table;
  std::vector<std::string> columns;          // stored columns, in table order; index = slot
  std::vector<std::uint32_t> table_columns;  // slot → column of the TableSchema
  std::vector<OutputField> fields;           // visible ones, in document order
  std::vector<Slot> key;                     // primary key (root, child); matched columns (lookup)
  std::vector<Slot> root_key;  // root: its key; child of the root: columns that hold the root's key
  // Child: columns that hold its parent's primary key; the same as root_key below the root.
  std::vector<Slot> parent_key;
  std::vector<SortKey> sort;  // child: `sort`, then the primary key
  std::uint64_t limit = 0;    // `limit`, or the rows of `cap`; 0: all
  bool one = false;
  std::string cap_flag;    // field of the parent object that tells of a cut; empty: none does
  std::string cap_prefix;  // `"flag":`
  NodeId flatten = 0;      // the lookup shown in place of the row; 0: the row itself
  bool hidden = false;
  bool falls = false;  // child: its rows go when the root is deleted, by a declared foreign key
  // lookup only:
  std::vector<Slot> parent_on;  // the parent's columns that hold the key
  WhenChanged when_changed = WhenChanged::refresh;
  std::uint64_t refresh_per_second = 0;
  std::uint16_t lookup_table = 0;  // index in PipelinePlan::lookups
  std::uint16_t key_set = 0;       // index in LookupTable::key_sets
  std::vector<Slot> table_slots;   // slot here → slot in the lookup table's stored row
  std::vector<NodeId> lookups;     // this node's lookup nodes, in document order
  std::vector<NodeId> children;    // child only: nodes of rows that point at its rows

  // Its rows carry no key of their root: only capture's placement knows where they belong.
  bool deep() const { return kind == NodeKind::child && parent != 0; }
  // The only shard of the lookup table's group, where that is another one than the parent's;
  // nullopt: a row points at rows of its own shard.
  std::optional<std::uint8_t> only_source;

  std::uint8_t source_for(std::uint8_t source_of_parent) const {
    return only_source.value_or(source_of_parent);
  }
};

struct DocumentPlan {
  std::string name;
  std::string id_template;
  std::vector<PlanNode> nodes;           // [0] is the root
  std::vector<NodeId> children;          // the root's nodes of kind child, in document order
  bool falls = false;                    // some child's rows go with the root
  std::vector<ComputedField> computed;   // behind the children, in document order
  std::vector<std::string> key_columns;  // the root's primary key, for the id
  bool unique_across_shards = false;     // several shards may have the root row
  bool shard_in_key = false;             // the root key begins with the shard's name: {shard}
  std::size_t group = 0;                 // of the root, in the SourceLayout
  std::string only_shard;                // of that group; empty: it has several
  std::uint64_t spec_hash = 0;           // changes with root, columns, children, lookups, keys

  // Whether the root or a child is a row of `table`.
  bool holds_rows_of(std::string_view table) const;
  std::size_t key_parts() const { return key_columns.size() + (shard_in_key ? 1 : 0); }
  // What the root keys of rows begin with that `shard` of `group` gives.
  std::string key_prefix(std::string_view shard, std::size_t of_group) const;
};

// A table that documents point at, as the lookup log carries it.
struct LookupTable {
  std::string table;
  std::vector<std::string> columns;  // stored, in table order
  std::vector<std::uint32_t> table_columns;
  std::vector<std::vector<Slot>> key_sets;  // each: the columns somebody matches on
  std::size_t group = 0;                    // in the SourceLayout
  std::vector<std::uint8_t> sources;        // indexes of the group's shards
};

struct PipelinePlan {
  std::vector<DocumentPlan> documents;
  std::vector<LookupTable> lookups;

  // Every table a document needs, each once.
  std::vector<std::string> tables() const;
  // Columns of `table` that travel, in table order.
  std::vector<std::string> used_columns(std::string_view table) const;
};

// Error halt "plan.…": names a document path (`documents.order.children.items.on`), then what is
// wrong. `tables` holds the schema of every referenced table, without excluded columns.
Result<PipelinePlan> compile_plan(std::span<const DocumentSpec> documents,
                                  std::span<const TableSchema> tables,
                                  const SourceLayout& layout = {});

// Names of all tables that the documents refer to, lookup tables first.
std::vector<std::string> referenced_tables(std::span<const DocumentSpec> documents);
bool is_lookup_table(std::span<const DocumentSpec> documents, std::string_view table);

}  // namespace tailrace::transform
