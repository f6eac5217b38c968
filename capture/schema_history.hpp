// The definitions of tables at the place of the binlog whose rows are decoded next: read from the
// server once, moved on by the statements in the binlog, saved with the position. Tells what a
// statement does to mapped tables.
// Threading: one thread, that of the rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/logged_statement.hpp"
#include "capture/mapped_tables.hpp"
#include "capture/schema_catalog.hpp"
#include "core/change.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

class SchemaHistory {
 public:
  // `mapped`: as the pipeline knows them; their columns need not be those of the definitions.
  explicit SchemaHistory(MappedTables mapped) : mapped_(std::move(mapped)) {}

  // As saved() gave it, or null. Error halt control.malformed.
  Result<void> restore(std::shared_ptr<const std::string> saved);
  // As a server has the tables now.
  void begin(SchemaCatalog catalog);

  // Moves on behind the statement. Events come in the order of the mapped tables.
  std::vector<TableEvent> apply(const LoggedStatement& statement);

  // Null: not known at this place.
  const TableDefinition* find(const TableId& id) const { return catalog_.find(id); }
  // What a server or a TABLE_MAP says about the table at this place.
  void put(TableDefinition definition);

  // To be saved with the position behind what was decoded; the same pointer while nothing changes.
  // Null before begin().
  std::shared_ptr<const std::string> saved();

  // Rises when a definition may have changed: what was compiled from it is void.
  std::uint64_t generation() const { return generation_; }

 private:
  std::optional<TableEvent> event_for(const TableId& table, const LoggedStatement& statement,
                                      const std::optional<TableDefinition>& before) const;

  MappedTables mapped_;
  SchemaCatalog catalog_;
  std::shared_ptr<const std::string> saved_;
  bool begun_ = false;
  bool changed_ = false;
  std::uint64_t generation_ = 0;
};

}  // namespace tailrace::capture
