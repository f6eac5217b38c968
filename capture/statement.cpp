#include "capture/statement.hpp"

#include <charconv>
#include <initializer_list>

#include "capture/mysql/connection.hpp"
#include "capture/sql_cursor.hpp"

namespace tailrace::capture {
namespace {

class Classifier {
 public:
  explicit Classifier(const StatementText& text)
      : in_(text.sql, text.dialect), database_(text.default_database) {}

  Statement run() {
    if (in_.take("SET") && in_.take("STATEMENT")) in_.skip_to({"FOR"}), in_.advance();  // MariaDB's
    if (transaction_control() || rows() || shape()) return std::move(statement_);
    return {};
  }

 private:
  bool found(StatementKind kind) {
    statement_.kind = kind;
    return true;
  }

  bool table() {
    auto id = in_.take_table(database_);
    if (!id) return false;
    statement_.tables.push_back(std::move(*id));
    return true;
  }
  void table_list() {
    while (table() && in_.take_sign(',')) {
    }
  }

  bool transaction_control() {
    if (in_.take("BEGIN")) return found(StatementKind::begin);
    if (in_.take("START"))
      return found(in_.is("TRANSACTION") ? StatementKind::begin : StatementKind::other);
    if (in_.take("COMMIT")) return found(StatementKind::commit);
    if (in_.take("SAVEPOINT") || in_.take("RELEASE")) return found(StatementKind::savepoint);
    if (in_.take("ROLLBACK")) {
      in_.take("WORK");
      return found(in_.is("TO") ? StatementKind::savepoint : StatementKind::rollback);
    }
    if (!in_.take("XA")) return false;
    if (in_.take("START") || in_.take("BEGIN")) return xa(StatementKind::xa_start);
    if (in_.take("END")) return xa(StatementKind::xa_end);
    if (in_.take("COMMIT")) return xa(StatementKind::xa_commit);
    if (in_.take("ROLLBACK")) return xa(StatementKind::xa_rollback);
    return found(StatementKind::other);
  }

  // X'gtrid',X'bqual',format, as servers log it; what is left out is empty and 1.
  bool xa(StatementKind kind) {
    XaId& id = statement_.xa.emplace();
    id.global = hex_text();
    if (in_.take_sign(',')) id.branch = hex_text();
    if (in_.take_sign(',')) {
      const std::string& text = in_.token().text;
      std::from_chars(text.data(), text.data() + text.size(), id.format);
      in_.advance();
    }
    statement_.one_phase = in_.take("ONE") && in_.take("PHASE");
    return found(kind);
  }
  std::string hex_text() {
    const bool hex = in_.take("X");
    if (in_.token().kind != SqlTokenKind::text) return {};
    const std::string text = in_.token().text;
    in_.advance();
    return hex ? bytes_of_hex(text) : text;
  }

  // Every name up to the first word that only comes behind the target tables.
  bool names_until(std::initializer_list<std::string_view> ends) {
    while (!in_.at_end() && !in_.is_sign('(')) {
      for (const std::string_view end : ends) {
        if (in_.is(end)) return found(StatementKind::row_change);
      }
      if (!table()) in_.advance();
    }
    return found(StatementKind::row_change);
  }

  bool rows() {
    if (in_.take("WITH")) {
      in_.skip_to({"UPDATE", "DELETE", "INSERT", "REPLACE"});
      if (in_.at_end()) return found(StatementKind::other);
    }
    if (in_.take("INSERT") || in_.take("REPLACE"))
      return names_until({"SET", "VALUES", "VALUE", "SELECT"});
    if (in_.take("UPDATE")) return names_until({"SET"});
    if (in_.take("DELETE")) return names_until({"WHERE", "ORDER", "LIMIT"});
    if (in_.take("LOAD")) {
      in_.skip_to({"TABLE"});
      in_.advance();
      table();
      return found(StatementKind::row_change);
    }
    return false;
  }

  bool shape() {
    if (in_.take("TRUNCATE")) {
      in_.take("TABLE");
      return table() && found(StatementKind::truncate);
    }
    if (in_.take("DROP")) return drop();
    if (in_.take("CREATE")) return create();
    if (in_.take("RENAME")) return rename();
    if (in_.take("ALTER")) return alter();
    return false;
  }

  bool drop() {
    if (in_.take_any({"DATABASE", "SCHEMA"})) {
      in_.take_if_exists();
      if (!in_.token().may_be_name()) return false;
      statement_.tables.push_back({in_.token().text, ""});
      return found(StatementKind::drop_database);
    }
    if (!in_.take("TABLE")) return false;  // TEMPORARY TABLE, VIEW, INDEX …
    in_.take_if_exists();
    table_list();
    return found(StatementKind::drop);
  }

  bool create() {
    const bool replaces = in_.take("OR") && in_.take("REPLACE");  // MariaDB: drops the old table
    if (!in_.take("TABLE")) return false;
    in_.take_if_exists();
    return table() && found(replaces ? StatementKind::drop : StatementKind::create);
  }

  bool rename() {
    if (!in_.take_any({"TABLE", "TABLES"})) return false;
    in_.take_if_exists();
    while (table()) {
      if (in_.take("WAIT")) in_.advance();
      in_.take("NOWAIT");
      in_.take("TO");
      table();
      if (!in_.is_sign(',')) break;
      in_.advance();
    }
    return found(StatementKind::rename);
  }

  bool alter() {
    while (in_.take_any({"ONLINE", "OFFLINE", "IGNORE"})) {
    }
    if (!in_.take("TABLE")) return false;
    in_.take_if_exists();
    if (!table()) return false;
    found(StatementKind::alter);
    while (!in_.at_end()) {
      if (in_.take("RENAME")) {
        new_name();
      } else if (in_.take_any({"EXCHANGE", "TRUNCATE", "DROP", "DISCARD", "IMPORT"})) {
        if (in_.take_any({"PARTITION", "TABLESPACE"})) {
          found(StatementKind::move_rows);
          in_.skip_to({"WITH"});
          if (in_.take("WITH") && in_.take("TABLE")) table();
        }
      } else {
        in_.advance();
      }
    }
    return true;
  }
  void new_name() {
    if (in_.is("COLUMN") || in_.is("INDEX") || in_.is("KEY")) return;
    in_.take_any({"TO", "AS"});
    if (in_.is_sign('=')) in_.advance();
    table();
  }

  SqlCursor in_;
  std::string database_;
  Statement statement_;
};

}  // namespace

Statement classify_statement(const StatementText& text) { return Classifier(text).run(); }

std::uint32_t server_version_number(const FormatDescription& format) {
  return mysql::parse_version(format.server_version).number;
}

SqlDialect dialect_of(const QueryEvent& query, const FormatDescription& format) {
  return {(query.sql_mode & QueryEvent::mode_ansi_quotes) != 0,
          (query.sql_mode & QueryEvent::mode_no_backslash_escapes) != 0,
          server_version_number(format), format.mariadb};
}

Statement statement_of(const QueryEvent& query, const FormatDescription& format) {
  if (query.sql == "BEGIN") return {StatementKind::begin, {}, {}};  // nearly all of them
  return classify_statement({query.sql, query.database, dialect_of(query, format)});
}

}  // namespace tailrace::capture
