#include "capture/sql_lexer.hpp"

#include <algorithm>
#include <cctype>

namespace tailrace::capture {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Letters, digits, $, _ and every byte of a character beyond ASCII.
bool in_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return std::isalnum(u) != 0 || c == '$' || c == '_' || u >= 0x80;
}

// What stands for a character behind a backslash. Source: MySQL manual, "String Literals".
std::string_view unescaped(const char& c) {
  using namespace std::string_view_literals;
  switch (c) {
    case '0':
      return "\0"sv;
    case 'b':
      return "\b"sv;
    case 'n':
      return "\n"sv;
    case 'r':
      return "\r"sv;
    case 't':
      return "\t"sv;
    case 'Z':
      return "\x1a"sv;
    case '%':
      return "\\%"sv;
    case '_':
      return "\\_"sv;
    default:
      return {&c, 1};
  }
}

}  // namespace

bool SqlToken::is(std::string_view keyword) const {
  return kind == SqlTokenKind::word && text.size() == keyword.size() &&
         std::equal(text.begin(), text.end(), keyword.begin(), [](char a, char b) {
           return std::toupper(static_cast<unsigned char>(a)) == b;
         });
}

// A server runs what a newer one was meant to leave out, and MariaDB leaves out what only MySQL 5.7
// and 8 know.
bool SqlLexer::skip_versioned_comment() {
  const bool only_mariadb = at("/*M!");
  if (!only_mariadb && !at("/*!")) return false;
  std::size_t behind = sql_.find('!', at_) + 1;
  std::uint32_t version = 0;
  for (int digits = 0; digits < 6 && behind < sql_.size(); ++digits, ++behind) {
    if (std::isdigit(static_cast<unsigned char>(sql_[behind])) == 0) break;
    version = version * 10 + static_cast<std::uint32_t>(sql_[behind] - '0');
  }
  const bool mysql_only = dialect_.mariadb && !only_mariadb && version >= 50700 && version < 100000;
  const bool runs = dialect_.version == 0 || (version <= dialect_.version && !mysql_only &&
                                              (dialect_.mariadb || !only_mariadb));
  if (runs) {
    at_ = behind;
    return true;
  }
  const std::size_t end = sql_.find("*/", behind);
  at_ = end == std::string_view::npos ? sql_.size() : end + 2;
  return true;
}

bool SqlLexer::skip_comment() {
  if (skip_versioned_comment()) return true;
  if (at("*/")) {  // The end of such a comment.
    at_ += 2;
    return true;
  }
  if (at("/*")) {
    const std::size_t end = sql_.find("*/", at_ + 2);
    at_ = end == std::string_view::npos ? sql_.size() : end + 2;
    return true;
  }
  const bool dashes = at("--") && (at_ + 2 == sql_.size() || is_space(sql_[at_ + 2]));
  if (dashes || at("#")) {
    const std::size_t end = sql_.find('\n', at_);
    at_ = end == std::string_view::npos ? sql_.size() : end + 1;
    return true;
  }
  return false;
}

void SqlLexer::skip_blanks() {
  while (at_ < sql_.size()) {
    if (is_space(sql_[at_])) {
      ++at_;
    } else if (!skip_comment()) {
      return;
    }
  }
}

SqlToken SqlLexer::quoted(char quote) {
  SqlToken token;
  token.kind = quote == '`' || (quote == '"' && dialect_.ansi_quotes) ? SqlTokenKind::name
                                                                      : SqlTokenKind::text;
  const bool escapes = token.kind == SqlTokenKind::text && !dialect_.no_backslash_escapes;
  ++at_;
  while (at_ < sql_.size()) {
    const char c = sql_[at_++];
    if (c == '\\' && escapes && at_ < sql_.size()) {
      token.text += unescaped(sql_[at_++]);
    } else if (c != quote) {
      token.text.push_back(c);
    } else if (at_ < sql_.size() && sql_[at_] == quote) {
      token.text.push_back(quote);
      ++at_;
    } else {
      break;
    }
  }
  return token;
}

SqlToken SqlLexer::next() {
  skip_blanks();
  if (at_ >= sql_.size()) return {};
  const char c = sql_[at_];
  if (c == '`' || c == '"' || c == '\'') return quoted(c);
  if (in_word(c)) {
    const std::size_t begin = at_;
    while (at_ < sql_.size() && in_word(sql_[at_])) ++at_;
    return {SqlTokenKind::word, std::string(sql_.substr(begin, at_ - begin))};
  }
  ++at_;
  return {SqlTokenKind::sign, std::string(1, c)};
}

}  // namespace tailrace::capture
