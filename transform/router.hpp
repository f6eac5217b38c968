// Row changes of one transaction → groups per document root, and lookup rows. Pure: the same
// transaction and plan give the same records in the same order.
// Threading: one thread per instance.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/change.hpp"
#include "core/result.hpp"
#include "transform/placement.hpp"
#include "transform/projection/change_record.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

// Whose transactions these are.
struct RoutedShard {
  std::string name;
  std::size_t group = 0;  // in the SourceLayout of the plan
};

class Router {
 public:
  // `plan` must outlive the router.
  explicit Router(const PipelinePlan& plan, const RoutedShard& shard = {});

  // Begins a transaction. A giant one is read in `passes` passes, each of which takes the roots
  // whose hash falls on `pass`: memory stays bounded, the order of records stays the same.
  void begin(const Origin& origin, std::uint32_t pass = 0, std::uint32_t passes = 1);
  // Begins with rows that were read beside the stream, all that the source has of some roots at the
  // end of `origin`'s transaction: their groups are complete.
  void begin_complete(const Origin& origin);
  // Error halt "row.no_key": a key column is not in the row image.
  Result<void> add(const RowChange& row);
  // A row that carries no key of its root, where Placement says that it is or was. Of two for one
  // place the later counts.
  void add(const PlacedRow& row);

  struct Group {
    std::uint16_t document;   // index in PipelinePlan::documents
    std::string_view root;    // key bytes
    std::string_view record;  // encoded group
    std::uint32_t rows;
  };
  struct LookupChange {
    std::uint16_t table;      // index in PipelinePlan::lookups
    std::string_view key;     // of the lookup log
    std::string_view record;  // encoded lookup row
  };
  // In the order in which their first rows came; the last image of each fragment wins inside a
  // group. Views are valid inside the calls only.
  Result<void> finish(const std::function<Result<void>(const Group&)>& on_group,
                      const std::function<Result<void>(const LookupChange&)>& on_lookup);

  std::size_t buffered_bytes() const { return bytes_; }

 private:
  // How one table feeds the plan; found once per TableSchema.
  struct Route {
    std::vector<std::pair<std::uint16_t, NodeId>> nodes;  // roots and children
    std::vector<std::uint16_t> lookups;
  };
  struct Piece {  // of arena_
    std::size_t at;
    std::size_t size;
  };
  struct PendingRow {
    NodeId node;
    bool gone;
    std::uint32_t idx;
    Piece key;
    Piece values;
    bool alone;
  };
  struct PendingGroup {
    std::uint16_t document;
    Piece root;
    std::vector<PendingRow> rows;
  };
  struct RowKeys {  // of one image
    bool known = false;
    std::string root;
    std::string own;
  };
  struct PendingLookup {
    std::uint16_t table;
    std::string key;
    std::string record;
  };

  const Route& route_of(const TableSchema* table);
  Result<void> add_to_node(std::uint16_t document, const PlanNode& node, const RowChange& row);
  Result<void> add_to_lookup(std::uint16_t table, const RowChange& row);
  // `keys.root` holds the prefix of its document's keys already.
  Result<void> read_keys(const PlanNode& node, const RowChange& row, std::span<const Value> image,
                         RowKeys& keys) const;
  // Without `image`: the row has left the root.
  void put(std::uint16_t document, const PlanNode& node, const RowChange& row, const RowKeys& keys,
           const std::span<const Value>* image);
  Piece keep(std::string_view bytes);
  std::string_view text(Piece piece) const {
    return std::string_view(arena_).substr(piece.at, piece.size);
  }
  void find_superseded(const PendingGroup& group);
  void put_lookup(std::uint16_t table, std::string_view key, const LookupRow& row);
  // The rows of a snapshot all carry the token (epoch, 0, 0).
  std::uint32_t idx_of(std::uint32_t index) const {
    if (complete_) return Token::last_idx;
    return origin_.base.seq == 0 ? 0 : index;
  }
  PendingGroup& group_of(std::uint16_t document, std::string_view root);

  const PipelinePlan& plan_;
  std::vector<std::string> prefixes_;  // of root keys, by document
  std::unordered_map<const TableSchema*, Route> routes_;
  Origin origin_;
  std::string gtid_;
  std::uint32_t pass_ = 0;
  std::uint32_t passes_ = 1;
  bool complete_ = false;
  std::vector<PendingGroup> groups_;
  std::size_t group_count_ = 0;  // groups_ keeps its memory between transactions
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<PendingLookup> lookups_;
  std::size_t bytes_ = 0;
  std::string arena_;  // keys and values of the rows at hand
  RowKeys before_;     // reused, as the following
  RowKeys after_;
  std::string scratch_;
  std::string record_;
  std::vector<bool> superseded_;
};

}  // namespace tailrace::transform
