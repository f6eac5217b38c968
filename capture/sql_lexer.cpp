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

}  // namespace

bool SqlToken::is(std::string_view keyword) const {
  return kind == SqlTokenKind::word && text.size() == keyword.size() &&
         std::equal(text.begin(), text.end(), keyword.begin(), [](char a, char b) {
           return std::toupper(static_cast<unsigned char>(a)) == b;
         });
}

bool SqlLexer::skip_comment() {
  if (at("/*!") || at("/*M!")) {  // Its content counts; the version number does not.
    at_ = sql_.find('!', at_) + 1;
    while (at_ < sql_.size() && std::isdigit(static_cast<unsigned char>(sql_[at_]))) ++at_;
    return true;
  }
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
  token.kind = quote == '`' || (quote == '"' && ansi_quotes_) ? SqlTokenKind::name
                                                             : SqlTokenKind::text;
  const bool escapes = token.kind == SqlTokenKind::text && !no_backslash_escapes_;
  ++at_;
  while (at_ < sql_.size()) {
    const char c = sql_[at_++];
    if (c == '\\' && escapes && at_ < sql_.size()) {
      token.text.push_back(sql_[at_++]);
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
