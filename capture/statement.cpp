#include "capture/statement.hpp"

#include <initializer_list>

#include "capture/sql_lexer.hpp"

namespace tailrace::capture {
namespace {

class Classifier {
 public:
  explicit Classifier(const StatementText& text)
      : lexer_(text.sql, text.ansi_quotes, text.no_backslash_escapes),
        database_(text.default_database) {
    advance();
  }

  Statement run() {
    if (take("SET") && take("STATEMENT")) skip_to({"FOR"}), advance();  // MariaDB's prefix
    if (transaction_control() || rows() || shape()) return std::move(statement_);
    return {};
  }

 private:
  void advance() { token_ = lexer_.next(); }
  bool take(std::string_view keyword) {
    if (!token_.is(keyword)) return false;
    advance();
    return true;
  }
  bool take_any(std::initializer_list<std::string_view> keywords) {
    for (const std::string_view keyword : keywords) {
      if (take(keyword)) return true;
    }
    return false;
  }
  void skip_to(std::initializer_list<std::string_view> keywords) {
    while (token_.kind != SqlTokenKind::end) {
      for (const std::string_view keyword : keywords) {
        if (token_.is(keyword)) return;
      }
      advance();
    }
  }
  bool found(StatementKind kind) {
    statement_.kind = kind;
    return true;
  }

  // [database .] table
  bool table() {
    if (!token_.may_be_name()) return false;
    TableId id{database_, token_.text};
    advance();
    if (token_.is_sign('.')) {
      advance();
      if (!token_.may_be_name()) return false;
      id.database = std::move(id.table);
      id.table = token_.text;
      advance();
    }
    statement_.tables.push_back(std::move(id));
    return true;
  }
  void table_list() {
    while (table() && token_.is_sign(',')) advance();
  }
  void if_exists() {
    if (take("IF")) {
      take("NOT");
      take("EXISTS");
    }
  }

  bool transaction_control() {
    if (take("BEGIN")) return found(StatementKind::begin);
    if (take("START"))
      return found(token_.is("TRANSACTION") ? StatementKind::begin : StatementKind::other);
    if (take("COMMIT")) return found(StatementKind::commit);
    if (take("SAVEPOINT") || take("RELEASE")) return found(StatementKind::savepoint);
    if (take("ROLLBACK")) {
      take("WORK");
      return found(token_.is("TO") ? StatementKind::savepoint : StatementKind::rollback);
    }
    if (!take("XA")) return false;
    if (take("START") || take("BEGIN")) return found(StatementKind::xa_start);
    if (take("END")) return found(StatementKind::xa_end);
    if (take("COMMIT")) return found(StatementKind::xa_commit);
    if (take("ROLLBACK")) return found(StatementKind::xa_rollback);
    return found(StatementKind::other);
  }

  // Every name up to the first word that only comes behind the target tables.
  bool names_until(std::initializer_list<std::string_view> ends) {
    while (token_.kind != SqlTokenKind::end && !token_.is_sign('(')) {
      for (const std::string_view end : ends) {
        if (token_.is(end)) return found(StatementKind::row_change);
      }
      if (!table()) advance();
    }
    return found(StatementKind::row_change);
  }

  bool rows() {
    if (take("WITH")) {
      skip_to({"UPDATE", "DELETE", "INSERT", "REPLACE"});
      if (token_.kind == SqlTokenKind::end) return found(StatementKind::other);
    }
    if (take("INSERT") || take("REPLACE")) return names_until({"SET", "VALUES", "VALUE", "SELECT"});
    if (take("UPDATE")) return names_until({"SET"});
    if (take("DELETE")) return names_until({"WHERE", "ORDER", "LIMIT"});
    if (take("LOAD")) {
      skip_to({"TABLE"});
      advance();
      table();
      return found(StatementKind::row_change);
    }
    return false;
  }

  bool shape() {
    if (take("TRUNCATE")) {
      take("TABLE");
      return table() && found(StatementKind::truncate);
    }
    if (take("DROP")) return drop();
    if (take("CREATE")) return create();
    if (take("RENAME")) return rename();
    if (take("ALTER")) return alter();
    return false;
  }

  bool drop() {
    if (take_any({"DATABASE", "SCHEMA"})) {
      if_exists();
      if (!token_.may_be_name()) return false;
      statement_.tables.push_back({token_.text, ""});
      return found(StatementKind::drop_database);
    }
    if (!take("TABLE")) return false;  // TEMPORARY TABLE, VIEW, INDEX …
    if_exists();
    table_list();
    return found(StatementKind::drop);
  }

  bool create() {
    const bool replaces = take("OR") && take("REPLACE");  // MariaDB: drops the old table
    if (!take("TABLE")) return false;
    if_exists();
    return table() && found(replaces ? StatementKind::drop : StatementKind::create);
  }

  bool rename() {
    if (!take_any({"TABLE", "TABLES"})) return false;
    if_exists();
    while (table()) {
      if (take("WAIT")) advance();
      take("NOWAIT");
      take("TO");
      table();
      if (!token_.is_sign(',')) break;
      advance();
    }
    return found(StatementKind::rename);
  }

  bool alter() {
    while (take_any({"ONLINE", "OFFLINE", "IGNORE"})) {
    }
    if (!take("TABLE")) return false;
    if_exists();
    if (!table()) return false;
    found(StatementKind::alter);
    while (token_.kind != SqlTokenKind::end) {
      if (take("RENAME")) {
        new_name();
      } else if (take_any({"EXCHANGE", "TRUNCATE", "DROP", "DISCARD", "IMPORT"})) {
        if (take_any({"PARTITION", "TABLESPACE"})) {
          found(StatementKind::move_rows);
          skip_to({"WITH"});
          if (take("WITH") && take("TABLE")) table();
        }
      } else {
        advance();
      }
    }
    return true;
  }
  void new_name() {
    if (token_.is("COLUMN") || token_.is("INDEX") || token_.is("KEY")) return;
    take_any({"TO", "AS"});
    if (token_.is_sign('=')) advance();
    table();
  }

  SqlLexer lexer_;
  std::string database_;
  SqlToken token_;
  Statement statement_;
};

}  // namespace

Statement classify_statement(const StatementText& text) { return Classifier(text).run(); }

Statement statement_of(const QueryEvent& query) {
  if (query.sql == "BEGIN") return {StatementKind::begin, {}};  // nearly all of them
  return classify_statement({query.sql, query.database,
                             (query.sql_mode & QueryEvent::mode_ansi_quotes) != 0,
                             (query.sql_mode & QueryEvent::mode_no_backslash_escapes) != 0});
}

}  // namespace tailrace::capture
