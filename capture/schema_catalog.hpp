// What tables look like at one place of the binlog, moved on by the statements in it.
// A table is known with its definition, or by name only: after a statement that is not understood
// its definition is unknown until it is put again. Never guesses.
// Threading: one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/statement.hpp"
#include "capture/table_ddl.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

class SchemaCatalog {
 public:
  SchemaCatalog() = default;
  // `ignore_case`: of table names (lower_case_table_names is not 0). `server`: of tables whose
  // database says nothing.
  explicit SchemaCatalog(bool ignore_case, DefaultCharset server = {"utf8mb4", ""})
      : ignore_case_(ignore_case), server_(std::move(server)) {}

  // The table as a server or somebody's file defines it.
  void put(TableDefinition table);
  void set_database_charset(const std::string& database, DefaultCharset charset);
  // Null: never heard of, or not known any more.
  const TableDefinition* find(const TableId& id) const;
  // Whether a statement that was not understood changed the table.
  bool is_unknown(const TableId& id) const;
  void forget(const TableId& id);

  // Applies one statement in UTF-8. Everything but definitions of tables and defaults of databases
  // is passed over. True: something that was known may have changed.
  bool apply(const StatementText& statement);

  std::vector<TableId> tables() const;

  // Bytes: docs/formats/control.md, record `tables/<shard>`. Error halt control.malformed.
  std::string encode() const;
  static Result<SchemaCatalog> decode(std::string_view bytes);

 private:
  struct Key {
    std::string database;
    std::string table;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Slot = std::optional<TableDefinition>;  // nullopt: known by name only

  Key key(const TableId& id) const;
  DefaultCharset charset_of(const std::string& database) const;
  bool create(SqlCursor& in, const StatementText& statement);
  bool create_database(SqlCursor& in, std::string_view default_database);
  bool alter(SqlCursor& in, const StatementText& statement);
  bool rename(SqlCursor& in, const StatementText& statement);
  bool drop(SqlCursor& in, const StatementText& statement);
  void move(const TableId& from, const TableId& to);

  std::map<Key, Slot> tables_;
  std::map<std::string, DefaultCharset> databases_;
  bool ignore_case_ = false;
  DefaultCharset server_{"utf8mb4", ""};
};

}  // namespace tailrace::capture
