#include "capture/catalog.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "capture/column_type.hpp"
#include "capture/known_schemas.hpp"
#include "capture/mysql/connection.hpp"

namespace tailrace::capture {
namespace {

using mysql::Connection;
using mysql::Row;

std::string name_list(Connection& connection, std::span<const TableSelection> tables) {
  std::string list;
  for (const TableSelection& table : tables) {
    if (!list.empty()) list += ", ";
    list += connection.literal(table.table);
  }
  return list;
}

ColumnWords column_words(const Row& row) {
  const auto text = [&](std::size_t i) { return row[i].value_or(""); };
  ColumnWords words;
  words.data_type = text(2);
  std::transform(words.data_type.begin(), words.data_type.end(), words.data_type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  words.column_type = text(3);
  words.nullable = text(4) == "YES";
  words.character_length = text(5);
  words.precision = text(6);
  words.scale = text(7);
  words.fraction_digits = text(8);
  words.charset = text(9);
  words.collation = text(10);
  return words;
}

using SchemaMap = std::map<std::string, TableSchema>;

Result<SchemaMap> read_columns(Connection& connection, const std::string& database,
                               std::span<const TableSelection> tables) {
  TAILRACE_ASSIGN(
      const auto rows,
      connection.query("SELECT table_name, column_name, data_type, column_type, is_nullable, "
                       "character_maximum_length, numeric_precision, numeric_scale, "
                       "datetime_precision, character_set_name, collation_name "
                       "FROM information_schema.columns WHERE table_schema = " +
                       connection.literal(database) + " AND table_name IN (" +
                       name_list(connection, tables) + ") ORDER BY table_name, ordinal_position"));
  SchemaMap schemas;
  for (const Row& row : rows) {
    TableSchema& schema = schemas[row[0].value_or("")];
    schema.id = {database, row[0].value_or("")};
    schema.columns.push_back({row[1].value_or(""), column_type(column_words(row))});
  }
  return schemas;
}

// MariaDB's JSON is LONGTEXT with a check of its own: json_valid(`column`).
Result<void> read_mariadb_json(Connection& connection, const std::string& database,
                               std::span<const TableSelection> tables, SchemaMap& schemas) {
  TAILRACE_ASSIGN(
      const auto rows,
      connection.query("SELECT table_name, constraint_name, check_clause "
                       "FROM information_schema.check_constraints WHERE level = 'Column' AND "
                       "constraint_schema = " +
                       connection.literal(database) + " AND table_name IN (" +
                       name_list(connection, tables) + ")"));
  for (const Row& row : rows) {
    const auto schema = schemas.find(row[0].value_or(""));
    if (schema == schemas.end()) continue;
    const std::string name = row[1].value_or("");  // of a column's check: the column
    const auto column = schema->second.find(name);
    if (!column || row[2].value_or("") != "json_valid(" + mysql::quoted_name(name) + ")") continue;
    ColumnType& type = schema->second.columns[*column].type;
    // JSON's own columns are utf8mb4; the bytes of other sets would be no JSON in the binlog.
    const bool utf8 = type.charset.starts_with("utf8");
    if (type.kind == ColumnKind::text && utf8) type.kind = ColumnKind::json;
  }
  return {};
}

Result<void> read_primary_keys(Connection& connection, const std::string& database,
                               std::span<const TableSelection> tables, SchemaMap& schemas) {
  TAILRACE_ASSIGN(
      const auto rows,
      connection.query("SELECT table_name, column_name FROM information_schema.statistics "
                       "WHERE table_schema = " +
                       connection.literal(database) +
                       " AND index_name = 'PRIMARY' AND table_name IN (" +
                       name_list(connection, tables) + ") ORDER BY table_name, seq_in_index"));
  for (const Row& row : rows) {
    const auto schema = schemas.find(row[0].value_or(""));
    if (schema == schemas.end()) continue;
    const auto column = schema->second.find(row[1].value_or(""));
    if (column) schema->second.primary_key.push_back(*column);
  }
  return {};
}

Failure no_table(Connection& connection, const std::string& database, const std::string& table) {
  std::string message = "database " + database + " has no table '" + table + "'";
  const auto rows =
      connection.query("SELECT table_name FROM information_schema.tables WHERE table_schema = " +
                       connection.literal(database));
  std::vector<std::string> names;
  if (rows) {
    for (const Row& row : *rows) names.push_back(row[0].value_or(""));
  }
  if (const auto nearest = nearest_name(table, names)) {
    message += "; did you mean '" + *nearest + "'?";
  } else if (names.empty()) {
    message += ": the database does not exist or the user may not see it (GRANT SELECT ON " +
               mysql::quoted_name(database) + ".* TO the user)";
  }
  return halt("source.no_table", std::move(message));
}

Failure no_column(const TableSchema& schema, const std::string& column) {
  std::vector<std::string> names;
  for (const Column& known : schema.columns) names.push_back(known.name);
  std::string message = "table " + schema.id.text() + " has no column '" + column + "'";
  if (const auto nearest = nearest_name(column, names)) {
    message += "; did you mean '" + *nearest + "'?";
  }
  return halt("source.no_column", std::move(message));
}

}  // namespace

Result<void> apply_selection(const TableSelection& selection, TableSchema& schema) {
  for (const std::string& name : selection.columns) {
    if (!schema.find(name)) return no_column(schema, name);
  }
  for (const std::string& name : selection.booleans) {
    const auto column = schema.find(name);
    if (!column) return no_column(schema, name);
    ColumnType& type = schema.columns[*column].type;
    if (type.kind != ColumnKind::tinyint && type.kind != ColumnKind::bit) {
      return halt("source.not_boolean",
                  "column '" + name + "' of " + schema.id.text() +
                      " is no TINYINT(1) and cannot be shown as true or false");
    }
    type.as_boolean = true;
  }
  for (Column& column : schema.columns) {
    if (column.type.kind == ColumnKind::decimal) {
      column.type.decimal_as_number = selection.decimals_as_numbers;
    }
  }
  return {};
}

namespace {

Result<SchemaMap> read_schemas(Connection& connection, const std::string& database,
                               std::span<const TableSelection> tables) {
  TAILRACE_ASSIGN(SchemaMap known, read_columns(connection, database, tables));
  if (connection.version().mariadb) {
    TAILRACE_TRY(read_mariadb_json(connection, database, tables, known));
  }
  TAILRACE_TRY(read_primary_keys(connection, database, tables, known));
  return known;
}

DefaultCharset charset_of_collation_name(const std::string& collation) {
  return {capture::charset_of_collation_name(collation, "utf8mb4"), collation};
}

}  // namespace

Result<SchemaCatalog> read_catalog(Connection& connection, const std::string& database,
                                   std::span<const TableSelection> tables) {
  TAILRACE_ASSIGN(const std::string ignore_case,
                  connection.scalar("SELECT @@GLOBAL.lower_case_table_names"));
  SchemaCatalog catalog(ignore_case != "0");
  TAILRACE_ASSIGN(const auto defaults,
                  connection.query("SELECT default_collation_name FROM "
                                   "information_schema.schemata WHERE schema_name = " +
                                   connection.literal(database)));
  for (const Row& row : defaults) {
    catalog.set_database_charset(database, charset_of_collation_name(row[0].value_or("")));
  }
  if (tables.empty()) return catalog;
  TAILRACE_ASSIGN(SchemaMap schemas, read_schemas(connection, database, tables));
  TAILRACE_ASSIGN(const auto collations,
                  connection.query("SELECT table_name, table_collation FROM "
                                   "information_schema.tables WHERE table_schema = " +
                                   connection.literal(database) + " AND table_name IN (" +
                                   name_list(connection, tables) + ")"));
  for (const Row& row : collations) {
    const auto schema = schemas.find(row[0].value_or(""));
    if (schema == schemas.end()) continue;
    catalog.put({std::move(schema->second), charset_of_collation_name(row[1].value_or(""))});
  }
  return catalog;
}

Result<std::vector<TableSchema>> read_table_schemas(const MysqlOptions& options,
                                                    std::span<const TableSelection> tables) {
  if (tables.empty()) return std::vector<TableSchema>{};
  TAILRACE_ASSIGN(Connection connection, Connection::connect(options, mysql::Use::sql));
  TAILRACE_ASSIGN(const SchemaMap known, read_schemas(connection, options.database, tables));
  std::vector<TableSchema> schemas;
  for (const TableSelection& table : tables) {
    const auto found = known.find(table.table);
    if (found == known.end()) return no_table(connection, options.database, table.table);
    TableSchema schema = found->second;
    TAILRACE_TRY(apply_selection(table, schema));
    schemas.push_back(std::move(schema));
  }
  return schemas;
}

Result<SchemaCatalog> read_catalog(const MysqlOptions& options) {
  TAILRACE_ASSIGN(Connection connection, Connection::connect(options, mysql::Use::sql));
  TAILRACE_ASSIGN(const std::string ignore_case,
                  connection.scalar("SELECT @@lower_case_table_names"));
  const std::string which =
      options.database.empty()
          ? "NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')"
          : "= " + connection.literal(options.database);
  TAILRACE_ASSIGN(const auto rows,
                  connection.query("SELECT table_schema, table_name, table_collation FROM "
                                   "information_schema.tables WHERE table_type <> 'VIEW' AND "
                                   "table_schema " + which + " ORDER BY table_schema, table_name"));
  std::map<std::string, std::vector<TableSelection>> tables;
  std::map<TableId, std::string> collations;
  for (const Row& row : rows) {
    const TableId id{row[0].value_or(""), row[1].value_or("")};
    tables[id.database].push_back({id.table});
    collations[id] = row[2].value_or("");
  }
  SchemaCatalog catalog(ignore_case != "0");
  for (const auto& [database, selected] : tables) {
    MysqlOptions of_database = options;
    of_database.database = database;
    TAILRACE_ASSIGN(auto schemas, read_table_schemas(of_database, selected));
    for (TableSchema& schema : schemas) {
      forget_doubtful_members(schema);
      const std::string& collation = collations[schema.id];
      catalog.put({std::move(schema), {charset_of_collation_name(collation, ""), collation}});
    }
  }
  return catalog;
}

}  // namespace tailrace::capture
