#include "capture/cascade_checks.hpp"

#include <algorithm>
#include <array>

#include "capture/server_facts.hpp"

namespace tailrace::capture {
namespace {

using mysql::Connection;
using mysql::Row;

Result<bool> logs_cascades(Connection& connection) {
  constexpr std::array<std::string_view, 1> names{"innodb_native_foreign_keys"};
  TAILRACE_ASSIGN(const auto values, read_variables(connection, names));
  return !values.empty() && values.begin()->second == "OFF";
}

std::string name_list(Connection& connection, std::span<const TableSelection> tables) {
  std::string names;
  for (const TableSelection& table : tables) {
    names += (names.empty() ? "" : ", ") + connection.literal(table.table);
  }
  return names;
}

std::string query_of(Connection& connection, const std::string& database,
                     std::span<const TableSelection> tables) {
  return "SELECT r.constraint_name, r.table_name, r.referenced_table_name, r.delete_rule, "
         "r.update_rule, GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position), "
         "GROUP_CONCAT(k.referenced_column_name ORDER BY k.ordinal_position) "
         "FROM information_schema.referential_constraints r "
         "JOIN information_schema.key_column_usage k ON k.constraint_schema = r.constraint_schema "
         "AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name "
         "WHERE r.constraint_schema = " + connection.literal(database) +
         " AND r.table_name IN (" + name_list(connection, tables) + ") AND "
         "(r.delete_rule IN ('CASCADE', 'SET NULL') "
         "OR r.update_rule IN ('CASCADE', 'SET NULL')) "
         "GROUP BY r.constraint_name, r.table_name, r.referenced_table_name, r.delete_rule, "
         "r.update_rule ORDER BY r.table_name, r.constraint_name";
}

// "… ON DELETE SET NULL ON UPDATE CASCADE": what follows `when`, or nothing.
std::string rule_of(std::string_view constraint, std::string_view when) {
  const std::size_t at = constraint.rfind(when);
  if (at == std::string_view::npos) return {};
  for (const std::string_view rule : {"CASCADE", "SET NULL"}) {
    if (constraint.substr(at + when.size()).starts_with(rule)) return std::string(rule);
  }
  return {};
}

// MariaDB shows the rules in information_schema only to those who may change the table; the columns
// and SHOW CREATE TABLE to those who may read it. Rows as of query_of().
Result<std::vector<Row>> mariadb_rules(Connection& connection, const std::string& database,
                                       std::span<const TableSelection> tables) {
  TAILRACE_ASSIGN(
      const auto keys,
      connection.query("SELECT constraint_name, table_name, referenced_table_name, "
                       "GROUP_CONCAT(column_name ORDER BY ordinal_position), "
                       "GROUP_CONCAT(referenced_column_name ORDER BY ordinal_position) "
                       "FROM information_schema.key_column_usage WHERE constraint_schema = " +
                       connection.literal(database) + " AND referenced_table_name IS NOT NULL AND "
                       "table_name IN (" + name_list(connection, tables) + ") GROUP BY "
                       "constraint_name, table_name, referenced_table_name "
                       "ORDER BY table_name, constraint_name"));
  std::vector<Row> found;
  for (const Row& key : keys) {
    const std::string table =
        mysql::quoted_name(database) + "." + mysql::quoted_name(key[1].value_or(""));
    TAILRACE_ASSIGN(const auto shown, connection.query("SHOW CREATE TABLE " + table));
    const std::string text = shown.empty() ? "" : shown[0].at(1).value_or("");
    const std::size_t begin =
        text.find("CONSTRAINT " + mysql::quoted_name(key[0].value_or("")) + " FOREIGN KEY ");
    if (begin == std::string::npos) continue;  // dropped in between
    const std::string_view constraint =
        std::string_view(text).substr(begin, text.find('\n', begin) - begin);
    const std::string on_delete = rule_of(constraint, " ON DELETE ");
    const std::string on_update = rule_of(constraint, " ON UPDATE ");
    if (on_delete.empty() && on_update.empty()) continue;
    found.push_back({key[0], key[1], key[2], on_delete.empty() ? "RESTRICT" : on_delete,
                     on_update.empty() ? "RESTRICT" : on_update, key[3], key[4]});
  }
  return found;
}

std::string quoted_list(const std::string& columns) {
  std::string out;
  std::size_t begin = 0;
  while (begin <= columns.size()) {
    const std::size_t end = std::min(columns.find(',', begin), columns.size());
    out += (out.empty() ? "" : ", ") + mysql::quoted_name(columns.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

bool is_declared(std::span<const TableSelection> tables, const std::string& table,
                 const std::string& columns) {
  return std::any_of(tables.begin(), tables.end(), [&](const TableSelection& selection) {
    std::string declared;
    for (const std::string& column : selection.cascade_on) {
      declared += (declared.empty() ? "" : ",") + column;
    }
    return selection.table == table && declared == columns;
  });
}

HiddenCascade describe(const std::string& database, const Row& row) {
  const auto text = [&](std::size_t i) { return row[i].value_or(""); };
  const std::string table = mysql::quoted_name(database) + "." + mysql::quoted_name(text(1));
  const std::string key = mysql::quoted_name(text(0));
  HiddenCascade cascade;
  cascade.problem = "foreign key " + text(0) + " of " + database + "." + text(1) + " (" + text(5) +
                    ") to " + text(2) + ": ON DELETE " + text(3) + " ON UPDATE " + text(4) +
                    " changes rows that this server does not log";
  cascade.cure = "ALTER TABLE " + table + " DROP FOREIGN KEY " + key + "; ALTER TABLE " + table +
                 " ADD CONSTRAINT " + key + " FOREIGN KEY (" + quoted_list(text(5)) +
                 ") REFERENCES " + mysql::quoted_name(database) + "." +
                 mysql::quoted_name(text(2)) + " (" + quoted_list(text(6)) +
                 "); and delete children in the application";
  return cascade;
}

}  // namespace

Result<std::vector<HiddenCascade>> find_hidden_cascades(mysql::Connection& connection,
                                                        const std::string& database,
                                                        std::span<const TableSelection> tables) {
  std::vector<HiddenCascade> hidden;
  TAILRACE_ASSIGN(const bool logged, logs_cascades(connection));
  if (logged || tables.empty()) return hidden;
  TAILRACE_ASSIGN(const auto rows, connection.version().mariadb
                                       ? mariadb_rules(connection, database, tables)
                                       : connection.query(query_of(connection, database, tables)));
  for (const Row& row : rows) {
    const bool on_update = row[4].value_or("") == "CASCADE" || row[4].value_or("") == "SET NULL";
    if (!on_update && is_declared(tables, row[1].value_or(""), row[5].value_or(""))) continue;
    hidden.push_back(describe(database, row));
  }
  return hidden;
}

}  // namespace tailrace::capture
