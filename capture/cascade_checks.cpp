#include "capture/cascade_checks.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "capture/server_facts.hpp"

namespace tailrace::capture {
namespace {

using mysql::Connection;
using mysql::Row;

// MySQL from 9.6 on does what foreign keys ask for in its own layer, and logs it, unless this
// variable gives the work back to InnoDB.
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
         "WHERE r.constraint_schema = " +
         connection.literal(database) + " AND r.table_name IN (" + name_list(connection, tables) +
         ") AND "
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
                       connection.literal(database) +
                       " AND referenced_table_name IS NOT NULL AND "
                       "table_name IN (" +
                       name_list(connection, tables) +
                       ") GROUP BY "
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

// Servers that ignore the case of table names may show them otherwise than the file does.
bool same_table(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::vector<std::string> split(const std::string& columns) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin <= columns.size()) {
    const std::size_t end = std::min(columns.find(',', begin), columns.size());
    out.push_back(columns.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// One foreign key that changes rows by itself.
struct ForeignKey {
  std::string name;
  std::string table;
  std::string references;
  std::string on_delete;
  std::string on_update;
  std::vector<std::string> columns;
  std::vector<std::string> referenced;

  explicit ForeignKey(const Row& row)
      : name(row[0].value_or("")),
        table(row[1].value_or("")),
        references(row[2].value_or("")),
        on_delete(row[3].value_or("")),
        on_update(row[4].value_or("")),
        columns(split(row[5].value_or(""))),
        referenced(split(row[6].value_or(""))) {}

  bool deletes() const { return on_delete == "CASCADE" || on_delete == "SET NULL"; }
  bool updates() const { return on_update == "CASCADE" || on_update == "SET NULL"; }
  bool is_that_of(const TableSelection& selection, const ForeignKeyCascade& cascade) const {
    auto declared = cascade.on;
    auto own = columns;
    std::sort(declared.begin(), declared.end());
    std::sort(own.begin(), own.end());
    return same_table(selection.table, table) && same_table(cascade.references, references) &&
           declared == own;
  }
};

std::string quoted_list(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(mysql::quoted_name(column));
  return joined(quoted, ", ");
}

std::string problem_of(const std::string& database, const ForeignKey& key) {
  return "foreign key " + key.name + " of " + database + "." + key.table + " (" +
         joined(key.columns, ",") + ") to " + key.references + ": ON DELETE " + key.on_delete +
         " ON UPDATE " + key.on_update + " changes rows that this server does not log";
}

std::string statement_of(const std::string& database, const ForeignKey& key) {
  const std::string table = mysql::quoted_name(database) + "." + mysql::quoted_name(key.table);
  const std::string name = mysql::quoted_name(key.name);
  return "run: ALTER TABLE " + table + " DROP FOREIGN KEY " + name + "; ALTER TABLE " + table +
         " ADD CONSTRAINT " + name + " FOREIGN KEY (" + quoted_list(key.columns) + ") REFERENCES " +
         mysql::quoted_name(database) + "." + mysql::quoted_name(key.references) + " (" +
         quoted_list(key.referenced) + "); and delete children in the application";
}

// YAML that reads as a plain word stays one.
std::string yaml_text(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain ? word : "'" + word + "'";
}

std::string lines_of(const ForeignKey& key) {
  std::vector<std::string> columns;
  for (const std::string& column : key.columns) columns.push_back(yaml_text(column));
  const std::string on = columns.size() == 1 ? columns[0] : "[" + joined(columns, ", ") + "]";
  return "paste these lines into the pipeline file:\ntables:\n  " + yaml_text(key.table) +
         ": { cascade: { on: " + on + ", references: " + yaml_text(key.references) +
         ", delete: " + (key.on_delete == "CASCADE" ? "cascade" : "set_null") + " } }";
}

// All that the key changes by itself are its own columns, and nobody reads them.
bool changes_nothing_used(const ForeignKey& key, const TableSelection& table) {
  if (key.on_delete == "CASCADE" || table.columns.empty()) return false;
  return std::none_of(key.columns.begin(), key.columns.end(), [&](const std::string& column) {
    return std::find(table.columns.begin(), table.columns.end(), column) != table.columns.end();
  });
}

// What is wrong with one key, given what the file declares of its table. nullopt: nothing.
std::optional<HiddenCascade> judge(const std::string& database, const ForeignKey& key,
                                   const TableSelection& table, bool logged) {
  const auto of_key = [&](const ForeignKeyCascade& one) { return key.is_that_of(table, one); };
  const auto declared = std::find_if(table.cascades.begin(), table.cascades.end(), of_key);
  if (declared != table.cascades.end() && key.deletes() &&
      declared->set_null != (key.on_delete == "SET NULL")) {
    return HiddenCascade{"tables." + key.table + ".cascade says delete: " +
                             (declared->set_null ? "set_null" : "cascade") + ", but foreign key " +
                             key.name + " says ON DELETE " + key.on_delete,
                         lines_of(key)};
  }
  if (logged || changes_nothing_used(key, table)) return std::nullopt;
  if (key.updates()) return HiddenCascade{problem_of(database, key), statement_of(database, key)};
  if (declared != table.cascades.end()) return std::nullopt;
  const bool may = std::any_of(table.may_declare.begin(), table.may_declare.end(), of_key);
  return HiddenCascade{problem_of(database, key),
                       may ? lines_of(key) : statement_of(database, key)};
}

// Without the key, children stay behind when their root goes, and come back with the next one.
void find_undone(const std::string& database, std::span<const TableSelection> tables,
                 std::span<const ForeignKey> keys, std::vector<HiddenCascade>& out) {
  for (const TableSelection& table : tables) {
    for (const ForeignKeyCascade& cascade : table.cascades) {
      const bool there = std::any_of(keys.begin(), keys.end(), [&](const ForeignKey& key) {
        return key.deletes() && key.is_that_of(table, cascade);
      });
      if (there) continue;
      out.push_back({"tables." + table.table + ".cascade: " + database + "." + table.table +
                         " has no foreign key (" + joined(cascade.on, ", ") + ") to " +
                         cascade.references + " with ON DELETE " +
                         (cascade.set_null ? "SET NULL" : "CASCADE"),
                     "remove the line from the pipeline file, or add the key"});
    }
  }
}

}  // namespace

Result<std::vector<HiddenCascade>> find_hidden_cascades(mysql::Connection& connection,
                                                        const std::string& database,
                                                        std::span<const TableSelection> tables) {
  std::vector<HiddenCascade> hidden;
  if (tables.empty()) return hidden;
  TAILRACE_ASSIGN(const bool logged, logs_cascades(connection));
  const bool any_declared = std::any_of(tables.begin(), tables.end(),
                                        [](const auto& table) { return !table.cascades.empty(); });
  if (logged && !any_declared) return hidden;
  TAILRACE_ASSIGN(const auto rows, connection.version().mariadb
                                       ? mariadb_rules(connection, database, tables)
                                       : connection.query(query_of(connection, database, tables)));
  const std::vector<ForeignKey> keys(rows.begin(), rows.end());
  for (const ForeignKey& key : keys) {
    const auto table = std::find_if(tables.begin(), tables.end(), [&](const TableSelection& known) {
      return same_table(known.table, key.table);
    });
    const TableSelection unknown;
    const TableSelection& selection = table == tables.end() ? unknown : *table;
    if (auto problem = judge(database, key, selection, logged))
      hidden.push_back(std::move(*problem));
  }
  find_undone(database, tables, keys, hidden);
  return hidden;
}

}  // namespace tailrace::capture
