// Words, names and signs of a MySQL statement, as far as classifying it and reading definitions of
// tables need them. Comments are skipped; versioned ones (/*!50100 … */, /*M! … */) are read as
// what they hold where the server would run it. Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tailrace::capture {

enum class SqlTokenKind : std::uint8_t { word, name, text, sign, end };

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::end;
  // word: as written, numbers are words; name, text: without quotes and escapes; sign: one
  // character
  std::string text;

  bool is(std::string_view keyword) const;  // an unquoted word, in any case
  bool is_sign(char c) const { return kind == SqlTokenKind::sign && text[0] == c; }
  bool may_be_name() const { return kind == SqlTokenKind::word || kind == SqlTokenKind::name; }
};

// How a statement is to be read: the SQL mode of its session, and the server that ran it.
struct SqlDialect {
  bool ansi_quotes = false;  // "name" is an identifier
  bool no_backslash_escapes = false;
  std::uint32_t version = 0;  // 80036, 101119; 0: every versioned comment counts
  bool mariadb = false;
};

class SqlLexer {
 public:
  SqlLexer(std::string_view sql, SqlDialect dialect) : sql_(sql), dialect_(dialect) {}

  SqlToken next();

 private:
  void skip_blanks();
  bool skip_comment();
  bool skip_versioned_comment();
  bool at(std::string_view text) const { return sql_.substr(at_).starts_with(text); }
  SqlToken quoted(char quote);

  std::string_view sql_;
  SqlDialect dialect_;
  std::size_t at_ = 0;
};

}  // namespace tailrace::capture
