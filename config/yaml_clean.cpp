#include <fmt/format.h>

#include "config/text.hpp"
#include "config/yaml_tree.hpp"

namespace tailrace::config {
namespace {

struct Offence {
  std::size_t at;
  Report report;
};

Problem at_byte(const std::string& text, const std::string& name, const Offence& offence) {
  const std::size_t line_start = offence.at == 0 ? 0 : text.rfind('\n', offence.at - 1) + 1;
  int line = 1;
  for (std::size_t i = 0; i < line_start; ++i) line += text[i] == '\n' ? 1 : 0;
  Problem problem;
  problem.file = name;
  problem.line = line;
  problem.column =
      count_characters(std::string_view(text).substr(line_start, offence.at - line_start)) + 1;
  problem.code = offence.report.code;
  problem.message = offence.report.message;
  problem.suggestion = offence.report.suggestion;
  problem.source_line = text.substr(line_start, text.find('\n', offence.at) - line_start);
  return problem;
}

void drop_carriage_returns(std::string& text) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++from) {
    const bool before_newline =
        text[from] == '\r' && (from + 1 == text.size() || text[from + 1] == '\n');
    if (!before_newline) text[to++] = text[from];
  }
  text.resize(to);
}

// The first byte that no YAML text may hold.
std::size_t find_control(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) return at;
  }
  return std::string_view::npos;
}

std::size_t find_tab_indent(std::string_view text) {
  bool indenting = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      indenting = true;
    } else if (indenting && text[at] == '\t') {
      return at;
    } else if (text[at] != ' ') {
      indenting = false;
    }
  }
  return std::string_view::npos;
}

}  // namespace

bool clean_text(std::string& text, const std::string& name, const TreeLimits& limits,
                std::vector<Problem>& problems) {
  if (text.size() > limits.file_bytes) {
    Problem problem;
    problem.file = name;
    problem.code = "E0102";
    problem.message = fmt::format("the file is larger than {} KiB", limits.file_bytes / 1024);
    problem.suggestion = "give the path of a pipeline file";
    problems.push_back(std::move(problem));
    return false;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  drop_carriage_returns(text);
  const auto refuse = [&](std::size_t at, Report report) {
    if (at == std::string::npos) return false;
    problems.push_back(at_byte(text, name, {at, std::move(report)}));
    return true;
  };
  return !refuse(find_invalid_utf8(text),
                 {"E0103", "the file is not valid UTF-8 here", "save it as UTF-8"}) &&
         !refuse(find_control(text),
                 {"E0104", "a control character is in the file", "remove it"}) &&
         !refuse(find_tab_indent(text), {"E0114", "a tab indents this line", "indent with spaces"});
}

}  // namespace tailrace::config
