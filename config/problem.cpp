#include "config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

#include "config/text.hpp"
#include "core/json_writer.hpp"

namespace tailrace::config {
namespace {

constexpr int kWidestLine = 140;

struct Excerpt {
  std::string line;
  int column;
};

// A long line is shown around its caret only.
Excerpt excerpt_of(const Problem& problem) {
  std::string line = printable(problem.source_line);
  if (count_characters(line) <= kWidestLine) return {std::move(line), problem.column};
  const auto byte_of = [&line](int character) {
    std::size_t at = 0;
    for (int seen = 0; at < line.size(); ++at) {
      const bool starts = (static_cast<unsigned char>(line[at]) & 0xC0u) != 0x80u;
      if (starts && seen++ == character) break;
    }
    return at;
  };
  const int start = std::max(0, problem.column - 1 - kWidestLine / 2);
  const std::size_t from = byte_of(start);
  const std::size_t to = byte_of(start + kWidestLine);
  std::string cut = start > 0 ? "…" : "";
  cut += line.substr(from, to - from);
  if (to < line.size()) cut += "…";
  return {std::move(cut), problem.column - start + (start > 0 ? 1 : 0)};
}

std::string_view prefix_of(std::string_view line, int characters) {
  std::size_t at = 0;
  for (int seen = 0; at < line.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(line[at]) & 0xC0u) != 0x80u;
    if (starts && seen++ == characters) break;
  }
  return line.substr(0, at);
}

std::string caret_line(const Excerpt& excerpt, const Problem& problem) {
  const std::string_view before = prefix_of(excerpt.line, excerpt.column - 1);
  const std::string_view through =
      prefix_of(excerpt.line, excerpt.column - 1 + std::max(1, problem.length));
  const int width = std::max(1, display_width(through) - display_width(before));
  std::string out(8 + static_cast<std::size_t>(display_width(before)), ' ');
  out.append(static_cast<std::size_t>(width), '^');
  return out;
}

}  // namespace

void sort_problems(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.severity, a.line, a.column) < std::tie(b.severity, b.line, b.column);
  });
}

bool has_errors(std::span<const Problem> problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Severity::error; });
}

std::string render(const Problem& problem, bool color) {
  const bool error = problem.severity == Severity::error;
  const std::string_view strong = !color ? "" : error ? "\033[1;31m" : "\033[1;33m";
  const std::string_view plain = color ? "\033[0m" : "";
  std::string place = printable(problem.file);
  if (problem.line > 0) place += fmt::format(":{}:{}", problem.line, problem.column);
  std::string out = fmt::format("{}: {}{}[{}]{}: {}\n", place, strong, error ? "error" : "warning",
                                problem.code, plain, printable(problem.message));
  if (problem.line == 0) {
    if (!problem.suggestion.empty()) out += "        " + printable(problem.suggestion) + "\n";
    return out;
  }
  const Excerpt excerpt = excerpt_of(problem);
  out += fmt::format("{:>5} | {}\n", problem.line, excerpt.line);
  out += fmt::format("{}{}{}", strong, caret_line(excerpt, problem), plain);
  if (!problem.suggestion.empty()) out += " " + printable(problem.suggestion);
  out += "\n";
  return out;
}

std::string render_all(std::span<const Problem> problems, const RenderOptions& options) {
  std::string out;
  for (const Problem& problem : problems.first(std::min(options.limit, problems.size()))) {
    out += render(problem, options.color);
  }
  if (problems.size() > options.limit) {
    out += fmt::format("and {} more\n", problems.size() - options.limit);
  }
  return out;
}

void append_json(std::string& out, const Problem& problem) {
  const auto member = [&out](std::string_view name, std::string_view value) {
    out += fmt::format(",\"{}\":", name);
    append_json_string(out, value);
  };
  out += "{\"file\":";
  append_json_string(out, problem.file);
  out += fmt::format(",\"line\":{},\"column\":{}", problem.line, problem.column);
  member("path", problem.path);
  member("code", problem.code);
  member("severity", problem.severity == Severity::error ? "error" : "warning");
  member("message", problem.message);
  member("suggestion", problem.suggestion);
  member("fix", problem.fix);
  out += "}";
}

}  // namespace tailrace::config
