#include "capture/known_schemas.hpp"

#include <algorithm>

#include "capture/binlog/table_layout.hpp"
#include "capture/schema_fit.hpp"

namespace tailrace::capture {
void forget_doubtful_members(TableSchema& schema) {
  for (Column& column : schema.columns) {
    std::vector<std::string>& members = column.type.members;
    const bool doubtful = std::any_of(
        members.begin(), members.end(),
        [](const std::string& member) { return member.find('?') != std::string::npos; });
    if (doubtful) members.clear();
  }
}

const TableDefinition* KnownSchemas::find(const TableId& id) const {
  if (const TableDefinition* const own = catalog_.find(id)) return own;
  if (catalog_.is_unknown(id) || adopted_.contains(id)) return nullptr;
  return catalog_.find({"", id.table});
}

SchemaCatalog KnownSchemas::catalog_of(const std::vector<TableId>& tables) const {
  SchemaCatalog catalog = catalog_;
  for (const TableId& id : tables) {
    const TableDefinition* const known = find(id);
    if (known == nullptr || catalog.find(id) != nullptr) continue;
    TableDefinition own = *known;
    own.schema.id = id;
    catalog.put(std::move(own));
  }
  return catalog;
}

void KnownSchemas::adopt(const TableId& id) {
  if (id.database.empty() || id.table.empty()) return;
  const TableDefinition* const general = find(id);
  if (!adopted_.insert(id).second || general == nullptr) return;
  TableDefinition own = *general;
  own.schema.id = id;
  catalog_.put(std::move(own));
}

bool KnownSchemas::apply(const StatementText& statement) {
  for (const TableId& table : classify_statement(statement).tables) adopt(table);
  return catalog_.apply(statement);
}

KnownSchemas::Shape KnownSchemas::shape_of(const TableMap& map) const {
  Shape shape;
  const TableDefinition* const definition = find(map.id);
  auto told = std::make_shared<TableSchema>(make_schema(map));
  shape.known = map.has_names;
  shape.schema = told;
  if (definition == nullptr) return shape;
  if (map.has_names) {
    *told = told_by(map, definition->schema);
    return shape;
  }
  if (const auto difference = misfit(definition->schema, map)) {
    shape.difference = "table " + map.id.text() + ": " + *difference;
    return shape;
  }
  *told = definition->schema;
  told->id = map.id;
  shape.known = true;
  return shape;
}

}  // namespace tailrace::capture
