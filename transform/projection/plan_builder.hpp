// Compiles document specs one by one into a PipelinePlan.
// Threading: one thread.
#pragma once

#include <span>

#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

// `"name":`, ready to be written.
std::string field_prefix(const std::string& name);

class PlanBuilder {
 public:
  explicit PlanBuilder(std::span<const TableSchema> tables, const SourceLayout& layout = {})
      : tables_(tables), layout_(layout) {}

  Result<void> add(const DocumentSpec& spec);
  Result<PipelinePlan> finish() &&;

 private:
  // The columns a node stores: visible ones and those that keys, sort and lookups need.
  struct Columns {
    const TableSchema* schema;
    std::vector<bool> used;
    std::vector<std::pair<std::uint32_t, std::string>> fields;  // column, name in the document
  };

  Result<const TableSchema*> table(const std::string& path, const std::string& name) const;
  Result<std::uint32_t> use(Columns& columns, const std::string& path,
                            const std::string& column) const;
  Result<Columns> begin(const std::string& path, const std::string& table_name,
                        const std::optional<std::vector<FieldSpec>>& fields) const;
  Result<void> use_lookup_keys(Columns& columns, const std::string& path,
                               const std::vector<LookupSpec>& lookups) const;
  void store(const Columns& columns, PlanNode& node) const;

  Result<void> add_root(const DocumentSpec& spec);
  // `level`: 1 below the root.
  Result<void> add_child(NodeId parent, const ChildSpec& spec, const std::string& path,
                         std::size_t level);
  Result<void> add_children(NodeId parent, const std::vector<ChildSpec>& specs,
                            const std::string& path, std::size_t level);
  Result<void> add_lookups(NodeId parent, const std::vector<LookupSpec>& specs,
                           const std::string& path);
  Result<NodeId> add_lookup(NodeId parent, const LookupSpec& spec, const std::string& path);
  Result<NodeId> new_node(NodeKind kind, NodeId parent, const std::string& name,
                          const std::string& path);
  Result<void> check_id(const DocumentSpec& spec, const std::string& path) const;
  // What the child does with its rows besides showing them: cap, flatten, hidden.
  Result<void> set_display(PlanNode& node, const ChildSpec& spec, const std::string& path) const;
  // Columns of the child that computed fields need travel with it.
  Result<void> read_computed(const DocumentSpec& spec, const std::string& path);
  Result<void> use_computed(Columns& columns, const std::string& child) const;
  Result<void> add_computed(const std::string& path);
  void set_cascades(const DocumentSpec& spec);
  Result<void> check_names(const std::string& path) const;
  void register_lookup(NodeId id);
  void link_lookup(PlanNode& node) const;

  void place_root(const DocumentSpec& spec);
  void place_lookup(PlanNode& node) const;

  std::span<const TableSchema> tables_;
  const SourceLayout layout_;
  PipelinePlan plan_;
  DocumentPlan document_;
  struct Compute {
    std::string name;
    std::string path;
    ComputeText text;
  };
  std::vector<Compute> compute_;  // of document_
};

}  // namespace tailrace::transform
