// The document of a root: a pure function of its state.
// Threading: one thread per instance (it reuses its buffers).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"
#include "transform/projection/document_id.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/projection/root_state.hpp"
#include "transform/projection/row_view.hpp"

namespace tailrace::transform {

class Renderer {
 public:
  // `plan` must outlive the renderer. `sources`: names by index, for `_tailrace.source`.
  Renderer(const DocumentPlan& plan, std::vector<std::string> sources, std::uint16_t generation);

  // nullopt: the root row was never seen (children wait for it); nothing to write.
  // A root that is gone gives a stub.
  std::optional<DocumentWrite> render(std::string_view root_key, const RootState& state);

  std::string id_of(std::string_view root_key) const { return id_.of(root_key); }
  // A stub for a document whose root this log has never seen.
  DocumentWrite stub(std::string id) const;
  // `one: true` children that had more than one row, since the start.
  std::uint64_t surplus_ones() const { return surplus_ones_; }

 private:
  struct Row {
    const Fragment* fragment;
    RowView view;
    std::string parent;  // of a row below another child's: source, key bytes of the parent's row
    const Fragment* target = nullptr;  // of a flattened child: what is shown in its place
  };
  // The live rows of one child node, by parent, each parent's in the order to show them.
  struct Gathered {
    bool done = false;
    std::vector<Row> rows;
    std::vector<const Row*> order;
  };

  // The row that `parent` points at by the lookup `node`; nullptr: it is not there.
  static const Fragment* target_of(const PlanNode& node, const Row& parent, const RootState& state);
  void append_object(std::string& out, const PlanNode& node, const Row& row,
                     const RootState& state);
  void append_lookup(std::string& out, const PlanNode& node, const Row& parent,
                     const RootState& state);
  // Those of `parent`'s rows that `node` shows; empty: the root's.
  void append_children(std::string& out, const PlanNode& node, std::string_view parent,
                       const RootState& state);
  void append_row(std::string& out, const PlanNode& node, const Row& row, const RootState& state);
  void append_computed(std::string& out, const RootState& state);
  void forget_gathered();
  const Gathered& gather(const PlanNode& node, const RootState& state);
  void append_meta(std::string& out, const RootState& state, Version version, bool deleted) const;

  const DocumentPlan& plan_;
  std::vector<std::string> sources_;
  std::uint16_t generation_;
  DocumentId id_;
  std::uint64_t surplus_ones_ = 0;
  std::vector<Gathered> gathered_;  // by node, of the document being rendered
};

}  // namespace tailrace::transform
