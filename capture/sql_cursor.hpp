// Reads a statement token by token, with what every reader of definitions asks: is this word next,
// skip to that one, a name, a bracket and all it holds.
// Threading: one thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "capture/sql_lexer.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

class SqlCursor {
 public:
  SqlCursor(std::string_view sql, SqlDialect dialect) : lexer_(sql, dialect) { advance(); }

  const SqlToken& token() const { return token_; }
  bool at_end() const { return token_.kind == SqlTokenKind::end; }
  bool is(std::string_view keyword) const { return token_.is(keyword); }
  bool is_sign(char c) const { return token_.is_sign(c); }
  bool is_any(std::initializer_list<std::string_view> keywords) const;

  void advance() { token_ = lexer_.next(); }
  // These go behind what they found, and stay where they are if it is not there.
  bool take(std::string_view keyword);
  bool take_any(std::initializer_list<std::string_view> keywords);
  bool take_sign(char c);
  std::optional<std::string> take_name();
  // Whatever is next, in lower case: the name of a type or a character set.
  std::string take_lower();
  // [database .] table
  std::optional<TableId> take_table(std::string_view default_database);
  // IF EXISTS, IF NOT EXISTS
  bool take_if_exists();

  void skip_to(std::initializer_list<std::string_view> keywords);
  // At an opening bracket: behind the one that closes it, or at the end.
  void skip_brackets();
  // To the next comma, closing bracket or end that lies in no bracket.
  void skip_item();

 private:
  SqlLexer lexer_;
  SqlToken token_;
};

}  // namespace tailrace::capture
