#include "capture/table_ddl.hpp"

#include <vector>

#include "capture/table_draft.hpp"

namespace tailrace::capture {
namespace {

// (a, b(10), c DESC): the names; nullopt where a part is an expression.
std::optional<std::vector<std::string>> key_parts(SqlCursor& in) {
  if (in.is_any({"USING", "TYPE"})) in.advance(), in.advance();
  if (!in.take_sign('(')) return std::nullopt;
  std::vector<std::string> names;
  while (!in.at_end() && !in.is_sign(')')) {
    auto name = in.take_name();
    if (!name) return std::nullopt;
    names.push_back(std::move(*name));
    in.skip_item();
    in.take_sign(',');
  }
  if (!in.take_sign(')')) return std::nullopt;
  return names;
}

// An index or a constraint at the cursor. The primary key is taken; others are passed over.
enum class KeyItem : std::uint8_t { none, read, wrong };
KeyItem read_key(SqlCursor& in, TableDraft& draft) {
  if (in.take("CONSTRAINT")) {
    const bool named = !in.is_any({"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"});
    if (named) in.advance();
    if (!in.is_any({"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"})) return KeyItem::wrong;
  }
  if (in.take("PRIMARY")) {
    in.take("KEY");
    if (!in.is_sign('(') && !in.is_any({"USING", "TYPE"}))
      in.advance();  // a name, which is ignored
    auto names = key_parts(in);
    if (!names) return KeyItem::wrong;
    draft.set_key(std::move(*names));
    in.skip_item();
    return KeyItem::read;
  }
  if (!in.is_any({"UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "VECTOR", "FOREIGN", "CHECK",
                  "LIKE"})) {
    return KeyItem::none;
  }
  if (in.is("LIKE")) return KeyItem::wrong;  // CREATE TABLE a (LIKE b) is read elsewhere
  in.skip_item();
  return KeyItem::read;
}

class CreateReader {
 public:
  CreateReader(SqlCursor& in, TableDefinition& table, bool mariadb)
      : in_(in), table_(table), draft_(table), mariadb_(mariadb) {}

  bool read() {
    if (!in_.take_sign('(')) return false;
    do {
      if (!item()) return false;
    } while (in_.take_sign(','));
    if (!in_.take_sign(')') || !options()) return false;
    draft_.change_types([&](ColumnType& type) { settle_charset(type, table_.charset); });
    return draft_.finish();
  }

 private:
  bool item() {
    if (in_.is("PERIOD")) return false;  // of a versioned table
    // A column may be called `check` or `key`, but only in quotes.
    if (in_.token().kind == SqlTokenKind::word) {
      const KeyItem key = read_key(in_, draft_);
      if (key != KeyItem::none) return key == KeyItem::read;
    }
    auto definition = read_column_definition(in_, mariadb_);
    if (!definition) return false;
    if (definition->primary_key) draft_.set_key({definition->column.name});
    draft_.insert(draft_.size(), std::move(definition->column));
    return true;
  }

  // Up to the end; a SELECT there may bring columns of its own.
  bool options() {
    while (!in_.at_end()) {
      if (in_.is_any({"SELECT", "AS", "IGNORE", "REPLACE", "WITH", "VALUES"})) return false;
      if (in_.is("PARTITION")) return true;
      if (take_charset_option(in_, table_.charset) || in_.at_end()) continue;
      if (in_.is_sign('(')) {
        in_.skip_brackets();
      } else {
        option();
      }
    }
    return true;
  }
  // ENGINE=InnoDB, COMMENT 'with SELECT', START TRANSACTION
  void option() {
    in_.advance();
    if (in_.take_sign('=')) in_.advance();
  }

  SqlCursor& in_;
  TableDefinition& table_;
  TableDraft draft_;
  bool mariadb_;
};

class AlterReader {
 public:
  AlterReader(SqlCursor& in, TableDefinition& table, std::string_view database, bool mariadb)
      : in_(in), table_(table), draft_(table), database_(database), mariadb_(mariadb) {}

  bool read() {
    if (in_.take("WAIT")) in_.advance();
    in_.take("NOWAIT");
    while (!in_.at_end()) {
      if (!action()) return false;
      if (!in_.take_sign(',') && !in_.at_end() && !may_follow()) return false;
    }
    return draft_.finish();
  }

 private:
  // PARTITION BY stands behind the last action without a comma; table options may too.
  bool may_follow() const {
    return in_.token().kind == SqlTokenKind::word && !in_.is_any({"SELECT"});
  }

  bool action() {
    if (in_.take("ADD")) return add();
    if (in_.take("DROP")) return drop();
    if (in_.take("MODIFY")) return change(/*renames=*/false);
    if (in_.take("CHANGE")) return change(/*renames=*/true);
    if (in_.take("RENAME")) return rename();
    if (in_.take("CONVERT")) return convert();
    if (in_.take("ALTER")) return in_.skip_item(), true;  // defaults, visibility
    if (in_.is_any({"EXCHANGE", "DISCARD", "IMPORT", "PERIOD", "SYSTEM"})) return false;
    if (in_.take_any({"PARTITION", "REMOVE", "COALESCE", "REORGANIZE", "TRUNCATE", "ANALYZE",
                      "CHECK", "OPTIMIZE", "REBUILD", "REPAIR", "SECONDARY_LOAD"})) {
      while (!in_.at_end()) in_.advance();
      return true;
    }
    if (take_charset_option(in_, table_.charset)) return true;
    return option();
  }

  // What says nothing about columns.
  bool option() {
    if (in_.take("FORCE")) return true;
    if (in_.take("ORDER")) {  // BY a, b: the last that is said
      while (!in_.at_end()) in_.advance();
      return true;
    }
    if (in_.take_any({"ENABLE", "DISABLE", "WITH", "WITHOUT"})) {
      return in_.take_any({"KEYS", "VALIDATION"});
    }
    if (in_.take_any({"DATA", "INDEX"})) {
      if (!in_.take("DIRECTORY")) return false;
    } else if (!in_.take_any({"ENGINE",
                              "TYPE",
                              "AUTO_INCREMENT",
                              "AVG_ROW_LENGTH",
                              "CHECKSUM",
                              "COMMENT",
                              "COMPRESSION",
                              "CONNECTION",
                              "DELAY_KEY_WRITE",
                              "ENCRYPTION",
                              "ENGINE_ATTRIBUTE",
                              "INSERT_METHOD",
                              "KEY_BLOCK_SIZE",
                              "MAX_ROWS",
                              "MIN_ROWS",
                              "PACK_KEYS",
                              "PASSWORD",
                              "ROW_FORMAT",
                              "SECONDARY_ENGINE",
                              "SECONDARY_ENGINE_ATTRIBUTE",
                              "STATS_AUTO_RECALC",
                              "STATS_PERSISTENT",
                              "STATS_SAMPLE_PAGES",
                              "TABLESPACE",
                              "UNION",
                              "AUTOEXTEND_SIZE",
                              "ALGORITHM",
                              "LOCK",
                              "PAGE_CHECKSUM",
                              "PAGE_COMPRESSED",
                              "PAGE_COMPRESSION_LEVEL",
                              "TRANSACTIONAL",
                              "ENCRYPTED",
                              "ENCRYPTION_KEY_ID",
                              "STORAGE",
                              "SEQUENCE",
                              "IETF_QUOTES"})) {
      return false;
    }
    in_.take_sign('=');
    if (in_.is_sign('(')) return in_.skip_brackets(), true;
    return in_.advance(), true;
  }

  bool add() {
    if (in_.is_any({"PARTITION", "SYSTEM", "PERIOD"})) {
      if (!in_.is("PARTITION")) return false;
      while (!in_.at_end()) in_.advance();
      return true;
    }
    if (in_.token().kind == SqlTokenKind::word) {
      const KeyItem key = read_key(in_, draft_);
      if (key != KeyItem::none) return key == KeyItem::read;
    }
    in_.take("COLUMN");
    if (in_.take_sign('(')) {
      do {
        if (!add_item()) return false;
      } while (in_.take_sign(','));
      return in_.take_sign(')');
    }
    return add_column();
  }
  bool add_item() {
    if (in_.token().kind == SqlTokenKind::word) {
      const KeyItem key = read_key(in_, draft_);
      if (key != KeyItem::none) return key == KeyItem::read;
    }
    return add_column();
  }
  bool add_column() {
    const bool if_not_exists = in_.take_if_exists();
    auto definition = read_column_definition(in_, mariadb_);
    if (!definition) return false;
    if (if_not_exists && draft_.find_before(definition->column.name)) return skip_place();
    return place(std::move(*definition), draft_.size());
  }

  // Puts the column where FIRST or AFTER says, else at `at`.
  bool place(ColumnDefinition definition, std::size_t at, std::optional<std::size_t> id = {}) {
    settle_charset(definition.column.type, table_.charset);
    if (definition.primary_key) draft_.set_key({definition.column.name});
    if (in_.take("FIRST")) {
      at = 0;
    } else if (in_.take("AFTER")) {
      const auto name = in_.take_name();
      const auto before = name ? draft_.find_now(*name) : std::nullopt;
      if (!before) return false;
      at = *before + 1;
    }
    if (id) {
      draft_.put(at, std::move(definition.column), *id);
    } else {
      draft_.insert(at, std::move(definition.column));
    }
    return true;
  }
  bool skip_place() {
    if (in_.take("FIRST")) return true;
    if (in_.take("AFTER")) in_.advance();
    return true;
  }

  bool drop() {
    if (in_.take("PRIMARY")) {
      in_.take("KEY");
      draft_.set_key({});
      return true;
    }
    if (in_.is_any({"SYSTEM", "PERIOD"})) return false;
    if (in_.is("PARTITION")) {
      while (!in_.at_end()) in_.advance();
      return true;
    }
    if (in_.is_any({"INDEX", "KEY", "FOREIGN", "CHECK", "CONSTRAINT"})) {
      return in_.skip_item(), true;
    }
    in_.take("COLUMN");
    const bool if_exists = in_.take_if_exists();
    const auto name = in_.take_name();
    if (!name) return false;
    in_.take_any({"RESTRICT", "CASCADE"});
    const auto column = draft_.find_before(*name);
    if (!column) return if_exists;
    draft_.drop(*column);
    return true;
  }

  bool change(bool renames) {
    in_.take("COLUMN");
    const bool if_exists = in_.take_if_exists();
    std::optional<std::string> old_name;
    if (renames) old_name = in_.take_name();
    auto definition = read_column_definition(in_, mariadb_);
    if (!definition || (renames && !old_name)) return false;
    const std::string from = old_name.value_or(definition->column.name);
    const auto column = draft_.find_before(from);
    if (!column) return if_exists && skip_place();
    const std::size_t id = draft_.take_out(*column);
    return place(std::move(*definition), *column, id);
  }

  bool rename() {
    if (in_.take_any({"INDEX", "KEY"})) return in_.skip_item(), true;
    if (in_.take("COLUMN")) {
      in_.take_if_exists();
      const auto from = in_.take_name();
      const bool to = in_.take("TO");
      const auto name = in_.take_name();
      const auto column = from ? draft_.find_before(*from) : std::nullopt;
      if (!column || !to || !name) return false;
      draft_.rename(*column, *name);
      return true;
    }
    in_.take_any({"TO", "AS"});
    in_.take_sign('=');
    auto id = in_.take_table(database_);
    if (!id) return false;
    table_.schema.id = std::move(*id);
    return true;
  }

  // TO CHARACTER SET x [COLLATE y]
  bool convert() {
    if (!in_.take("TO")) return false;
    if (in_.is_any({"CHARSET", "CHARACTER"})) {
      if (!take_charset_option(in_, table_.charset)) return false;
      if (table_.charset.charset == "default") return false;  // the database's: not known here
      if (in_.is("COLLATE")) take_charset_option(in_, table_.charset);
    }
    draft_.change_types([&](ColumnType& type) { convert_charset(type, table_.charset); });
    return true;
  }

  SqlCursor& in_;
  TableDefinition& table_;
  TableDraft draft_;
  std::string_view database_;
  bool mariadb_;
};

}  // namespace

std::optional<TableDefinition> read_create_table(SqlCursor& in, TableId id,
                                                 const DefaultCharset& database, bool mariadb) {
  TableDefinition table{{std::move(id), {}, {}}, database};
  if (!CreateReader(in, table, mariadb).read()) return std::nullopt;
  return table;
}

std::optional<TableDefinition> read_alter_table(SqlCursor& in, TableDefinition table,
                                                std::string_view default_database, bool mariadb) {
  if (!AlterReader(in, table, default_database, mariadb).read()) return std::nullopt;
  return table;
}

}  // namespace tailrace::capture
