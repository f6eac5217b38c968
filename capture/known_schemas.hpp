// Definitions of tables for binlogs that leave names, signs and character sets out: from a file of
// statements or a server's catalogue, moved on by the statements in the binlog itself. Believed
// only where TABLE_MAP does not contradict them. Threading: one thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "capture/binlog/table_map.hpp"
#include "capture/schema_catalog.hpp"

namespace tailrace::capture {

class KnownSchemas {
 public:
  KnownSchemas() = default;
  // A table of the catalogue without a database stands for every database's.
  explicit KnownSchemas(SchemaCatalog catalog) : catalog_(std::move(catalog)) {}

  // A statement of the binlog, in UTF-8. True: tables may look different behind it.
  bool apply(const StatementText& statement);

  struct Shape {
    std::shared_ptr<const TableSchema> schema;
    // Not empty: a definition is known, but the binlog contradicts it in this, so it was not used.
    std::string difference;
    bool known = false;  // the schema has the table's own names
  };
  // TABLE_MAP's own words where it has all of them, but for types that MariaDB hides; else the
  // definition; else what make_schema() says: c1…cn.
  Shape shape_of(const TableMap& map) const;
  // Null: not known.
  const TableDefinition* find(const TableId& id) const;
  // What a history of `tables` begins with.
  SchemaCatalog catalog_of(const std::vector<TableId>& tables) const;

 private:
  void adopt(const TableId& id);

  SchemaCatalog catalog_;
  std::set<TableId> adopted_;  // definitions without a database that became a database's own
};

// Servers show characters beyond U+FFFF in the members of ENUM and SET as ?, in their catalogue and
// in dumps of it. Members that may have lost one are forgotten: values are numbers then, not wrong.
void forget_doubtful_members(TableSchema& schema);

}  // namespace tailrace::capture
