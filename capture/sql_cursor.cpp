#include "capture/sql_cursor.hpp"

#include <algorithm>
#include <cctype>

namespace tailrace::capture {

bool SqlCursor::is_any(std::initializer_list<std::string_view> keywords) const {
  return std::any_of(keywords.begin(), keywords.end(),
                     [this](std::string_view keyword) { return token_.is(keyword); });
}

bool SqlCursor::take(std::string_view keyword) {
  if (!token_.is(keyword)) return false;
  advance();
  return true;
}

bool SqlCursor::take_any(std::initializer_list<std::string_view> keywords) {
  if (!is_any(keywords)) return false;
  advance();
  return true;
}

bool SqlCursor::take_sign(char c) {
  if (!token_.is_sign(c)) return false;
  advance();
  return true;
}

std::optional<std::string> SqlCursor::take_name() {
  if (!token_.may_be_name()) return std::nullopt;
  std::string name = token_.text;
  advance();
  return name;
}

std::string SqlCursor::take_lower() {
  std::string text = token_.text;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  advance();
  return text;
}

std::optional<TableId> SqlCursor::take_table(std::string_view default_database) {
  auto name = take_name();
  if (!name) return std::nullopt;
  if (!take_sign('.')) return TableId{std::string(default_database), std::move(*name)};
  auto table = take_name();
  if (!table) return std::nullopt;
  return TableId{std::move(*name), std::move(*table)};
}

bool SqlCursor::take_if_exists() {
  if (!take("IF")) return false;
  take("NOT");
  take("EXISTS");
  return true;
}

void SqlCursor::skip_to(std::initializer_list<std::string_view> keywords) {
  while (!at_end() && !is_any(keywords)) advance();
}

void SqlCursor::skip_brackets() {
  std::size_t depth = 0;
  do {
    if (is_sign('(')) ++depth;
    if (is_sign(')')) --depth;
    advance();
  } while (depth > 0 && !at_end());
}

void SqlCursor::skip_item() {
  while (!at_end() && !is_sign(',') && !is_sign(')')) {
    if (is_sign('(')) {
      skip_brackets();
    } else {
      advance();
    }
  }
}

}  // namespace tailrace::capture
