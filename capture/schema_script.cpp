#include "capture/schema_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "capture/known_schemas.hpp"
#include "capture/sql_cursor.hpp"

namespace tailrace::capture {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool same_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) {
           return std::toupper(static_cast<unsigned char>(a)) == b;
         });
}

class Splitter {
 public:
  explicit Splitter(std::string_view script) : script_(script) {}

  std::vector<std::string_view> run() {
    while (at_ < script_.size()) {
      if (is_blank() && take_delimiter()) continue;
      if (rest().starts_with(delimiter_)) {
        end_statement(at_);
        at_ += delimiter_.size();
        start_ = at_;
        continue;
      }
      skip_token();
    }
    end_statement(script_.size());
    return std::move(statements_);
  }

 private:
  std::string_view rest() const { return script_.substr(at_); }
  bool is_blank() const {
    return script_.substr(start_, at_ - start_).find_first_not_of(blanks) == std::string_view::npos;
  }

  void end_statement(std::size_t end) {
    std::string_view text = script_.substr(start_, end - start_);
    const std::size_t first = text.find_first_not_of(blanks);
    if (first != std::string_view::npos) statements_.push_back(text.substr(first));
  }

  // A line of its own for the client: DELIMITER //
  bool take_delimiter() {
    constexpr std::string_view word = "DELIMITER";
    if (!same_word(rest().substr(0, word.size()), word)) return false;
    const std::size_t end = std::min(script_.find('\n', at_), script_.size());
    std::string_view line = script_.substr(at_ + word.size(), end - at_ - word.size());
    const std::size_t first = line.find_first_not_of(blanks);
    if (first == 0 || first == std::string_view::npos) return false;
    line.remove_prefix(first);
    delimiter_ = line.substr(0, line.find_first_of(blanks));
    at_ = start_ = end;
    return true;
  }

  void skip_token() {
    const char c = script_[at_];
    const std::string_view here = rest();
    if (c == '\'' || c == '"' || c == '`') {
      skip_quoted(c);
    } else if (here.starts_with("/*")) {
      skip_behind("*/");
    } else if (c == '#' || (here.starts_with("--") && (here.size() == 2 || here[2] <= ' '))) {
      const bool own = is_blank();  // a comment between statements is no part of the next
      skip_behind("\n");
      if (own) start_ = at_;
    } else {
      ++at_;
    }
  }

  void skip_behind(std::string_view end) {
    const std::size_t found = script_.find(end, at_ + 1);
    at_ = found == std::string_view::npos ? script_.size() : found + end.size();
  }

  void skip_quoted(char quote) {
    for (++at_; at_ < script_.size(); ++at_) {
      if (script_[at_] == '\\' && quote != '`') {
        ++at_;
      } else if (script_[at_] == quote) {
        ++at_;
        return;
      }
    }
  }

  std::string_view script_;
  std::string_view delimiter_ = ";";
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::vector<std::string_view> statements_;
};

// A definition in a file counts, whatever was there before: CREATE TABLE without IF NOT EXISTS.
std::optional<std::string> without_condition(std::string_view statement) {
  std::size_t at = 0;
  std::size_t condition = 0;
  constexpr std::string_view words[] = {"CREATE", "TABLE", "IF", "NOT", "EXISTS"};
  for (const std::string_view word : words) {
    at = statement.find_first_not_of(blanks, at);
    if (at == std::string_view::npos) return std::nullopt;
    if (!same_word(statement.substr(at, word.size()), word)) return std::nullopt;
    if (word == "IF") condition = at;
    at += word.size();
  }
  return std::string(statement.substr(0, condition)) + std::string(statement.substr(at));
}

}  // namespace

std::vector<std::string_view> split_script(std::string_view script) {
  return Splitter(script).run();
}

Result<SchemaCatalog> read_schema_script(std::string_view script) {
  SqlDialect dialect;
  dialect.mariadb = script.find("MariaDB") != std::string_view::npos ||
                    script.find("/*M!") != std::string_view::npos;
  SchemaCatalog catalog;
  std::string database;
  for (const std::string_view statement : split_script(script)) {
    SqlCursor in(statement, dialect);
    if (in.take("USE")) {
      database = in.take_name().value_or(database);
      continue;
    }
    const auto unconditional = without_condition(statement);
    catalog.apply({unconditional ? *unconditional : statement, database, dialect});
  }
  for (const TableId& id : catalog.tables()) {
    if (catalog.find(id) == nullptr) continue;
    TableDefinition table = *catalog.find(id);
    forget_doubtful_members(table.schema);
    catalog.put(std::move(table));
  }
  if (!catalog.tables().empty()) return catalog;
  return halt("schema.no_tables",
              "it defines no table; give what mysqldump --no-data --databases writes");
}

Result<SchemaCatalog> read_schema_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    return halt("file.open", fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  auto catalog = read_schema_script(text.str());
  if (!catalog) catalog.error().message = path + ": " + catalog.error().message;
  return catalog;
}

}  // namespace tailrace::capture
