// Words, names and signs of a MySQL statement, as far as classifying it needs them.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tailrace::capture {

enum class SqlTokenKind : std::uint8_t { word, name, text, sign, end };

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::end;
  std::string text;  // word: as written; name: unquoted; sign: one character

  bool is(std::string_view keyword) const;  // an unquoted word, in any case
  bool is_sign(char c) const { return kind == SqlTokenKind::sign && text[0] == c; }
  bool may_be_name() const { return kind == SqlTokenKind::word || kind == SqlTokenKind::name; }
};

class SqlLexer {
 public:
  SqlLexer(std::string_view sql, bool ansi_quotes, bool no_backslash_escapes)
      : sql_(sql), ansi_quotes_(ansi_quotes), no_backslash_escapes_(no_backslash_escapes) {}

  SqlToken next();

 private:
  void skip_blanks();
  bool skip_comment();
  bool at(std::string_view text) const { return sql_.substr(at_).starts_with(text); }
  SqlToken quoted(char quote);

  std::string_view sql_;
  std::size_t at_ = 0;
  bool ansi_quotes_;
  bool no_backslash_escapes_;
};

}  // namespace tailrace::capture
