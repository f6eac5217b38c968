#include "capture/known_schemas.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/table_layout.hpp"
#include "capture/binlog/wire_column.hpp"

namespace tailrace::capture {
namespace {

bool is_integer(ColumnKind kind) { return kind <= ColumnKind::bigint; }

bool has_charset(ColumnKind kind) {
  return kind == ColumnKind::character || kind == ColumnKind::varchar || kind == ColumnKind::text;
}

// 0: the members are not known.
std::size_t choice_bytes(const ColumnType& type) {
  const std::size_t members = type.members.size();
  if (members == 0) return 0;
  if (type.kind == ColumnKind::enumeration) return members < 256 ? 1 : 2;
  return members > 32 ? 8 : (members + 7) / 8;
}

// Bytes that the longest value has; 0: the kind does not tell.
std::size_t longest_bytes(const ColumnType& type) {
  switch (type.kind) {
    case ColumnKind::character:
    case ColumnKind::varchar:
      return type.charset.empty() ? 0 : type.length * charset_max_bytes(type.charset);
    case ColumnKind::binary:
    case ColumnKind::varbinary:
    case ColumnKind::bit:
      return type.length;
    case ColumnKind::enumeration:
    case ColumnKind::set:
      return choice_bytes(type);
    default:
      return 0;
  }
}

bool has_fraction(WireType type) {
  return type == WireType::datetime2 || type == WireType::timestamp2 || type == WireType::time2;
}

// Beyond the kinds, which TableLayout compares.
std::string column_difference(const TableMapColumn& wire, const ColumnType& told) {
  const ColumnType seen = wire_column_type(wire);
  if (hides(told.kind, wire)) return {};
  if (wire.is_unsigned && is_integer(told.kind) && told.is_unsigned != *wire.is_unsigned) {
    return *wire.is_unsigned ? "it is unsigned in the binlog" : "it is signed in the binlog";
  }
  if (told.kind == ColumnKind::decimal &&
      (told.precision != seen.precision || told.scale != seen.scale)) {
    return fmt::format("it is DECIMAL({},{}) in the binlog", seen.precision, seen.scale);
  }
  if (has_fraction(wire.type) && told.fraction_digits != seen.fraction_digits) {
    return fmt::format("it has {} fraction digits in the binlog", seen.fraction_digits);
  }
  if (has_charset(told.kind) && !seen.charset.empty() && !told.charset.empty() &&
      charset_name(told.charset) != charset_name(seen.charset)) {
    return fmt::format("its character set is {} in the binlog", seen.charset);
  }
  const std::size_t longest = longest_bytes(told);
  if (longest != 0 && wire.meta != longest) {
    return fmt::format("it has up to {} bytes in the binlog, not {}", wire.meta, longest);
  }
  return {};
}

}  // namespace

void forget_doubtful_members(TableSchema& schema) {
  for (Column& column : schema.columns) {
    std::vector<std::string>& members = column.type.members;
    const bool doubtful = std::any_of(
        members.begin(), members.end(),
        [](const std::string& member) { return member.find('?') != std::string::npos; });
    if (doubtful) members.clear();
  }
}

std::optional<std::string> shape_difference(const TableMap& map, const TableSchema& schema) {
  const std::vector<bool> nothing(schema.columns.size(), false);
  const auto layout =
      TableLayout::compile(map, std::make_shared<const TableSchema>(schema), nothing);
  if (!layout) return layout.error().message;
  for (std::size_t i = 0; i < map.columns.size() && i < schema.columns.size(); ++i) {
    const std::string what = column_difference(map.columns[i], schema.columns[i].type);
    if (!what.empty()) {
      return fmt::format("table {}: column {} '{}': {}", map.id.text(), i + 1,
                         schema.columns[i].name, what);
    }
  }
  return std::nullopt;
}

const TableDefinition* KnownSchemas::find(const TableId& id) const {
  if (const TableDefinition* const own = catalog_.find(id)) return own;
  if (catalog_.is_unknown(id) || adopted_.contains(id)) return nullptr;
  return catalog_.find({"", id.table});
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
    for (std::size_t i = 0; i < map.columns.size(); ++i) {
      const auto column = definition->schema.find(told->columns[i].name);
      if (!column) continue;
      const ColumnType& type = definition->schema.columns[*column].type;
      if (hides(type.kind, map.columns[i])) told->columns[i].type.kind = type.kind;
    }
    return shape;
  }
  if (auto difference = shape_difference(map, definition->schema)) {
    shape.difference = std::move(*difference);
    return shape;
  }
  *told = definition->schema;
  told->id = map.id;
  shape.known = true;
  return shape;
}

}  // namespace tailrace::capture
