#include "config/substitution.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "config/text.hpp"

namespace tailrace::config {
namespace {

struct Substitution {
  const Tree& tree;
  const Environment& environment;
  bool required;
  std::vector<Problem>& problems;
};

// The text between ${ and }.
struct Reference {
  std::string_view name;
  std::string_view operation;  // ":-", ":?" or empty
  std::string_view word;
};

std::optional<Reference> parse_reference(std::string_view inside) {
  const std::size_t colon = inside.find(':');
  Reference out{inside.substr(0, colon), {}, {}};
  if (!is_variable_name(out.name)) return std::nullopt;
  if (colon == std::string_view::npos) return out;
  out.operation = inside.substr(colon, 2);
  if (out.operation != ":-" && out.operation != ":?") return std::nullopt;
  out.word = inside.substr(colon + 2);
  return out;
}

// Underlines `length` bytes at `at` of a scalar that stands on one line as it is written.
Mark inside_scalar(const Node& node, std::size_t at, std::size_t length) {
  Mark mark = node.mark;
  const int quote = node.plain ? 0 : 1;
  const int characters = count_characters(node.text);
  if (mark.length != characters + 2 * quote) return mark;  // escapes, or several lines
  mark.column += quote + count_characters(std::string_view(node.text).substr(0, at));
  mark.length = count_characters(std::string_view(node.text).substr(at, length));
  return mark;
}

void missing(const Substitution& run, Node& node, const Mark& mark, const Reference& reference) {
  node.unresolved = true;
  std::string message = fmt::format("the environment variable {} is not set", reference.name);
  if (!reference.word.empty()) message += fmt::format(": {}", reference.word);
  run.problems.push_back(
      run.tree.problem(run.required ? Severity::error : Severity::warning, mark, node.path(),
                       {run.required ? "E0301" : "W0301", std::move(message),
                        fmt::format("set {0}, or write a default: ${{{0}:-…}}", reference.name)}));
}

// Handles "${…}" that starts at `at`; returns where to go on.
std::size_t expand(const Substitution& run, Node& node, std::size_t at, std::string& out) {
  const std::string_view text = node.text;
  const std::size_t end = text.find('}', at);
  const auto refuse = [&](std::size_t length, std::string message) {
    run.problems.push_back(
        run.tree.problem(Severity::error, inside_scalar(node, at, length), node.path(),
                         {"E0302", std::move(message),
                          "write ${NAME}, ${NAME:-default} or ${NAME:?why}; $$ is a dollar"}));
    node.unresolved = true;
  };
  if (end == std::string_view::npos) {
    refuse(text.size() - at, "a ${ is never closed");
    return text.size();
  }
  const std::string_view inside = text.substr(at + 2, end - at - 2);
  const std::optional<Reference> reference = parse_reference(inside);
  if (!reference) {
    refuse(end + 1 - at, fmt::format("'${{{}}}' is not a reference to a variable", inside));
    return end + 1;
  }
  const std::optional<std::string> value = run.environment(std::string(reference->name));
  const bool set = value && (reference->operation.empty() || !value->empty());
  node.substituted = node.substituted || set;
  if (set &&
      (find_invalid_utf8(*value) != std::string::npos || value->find('\0') != std::string::npos)) {
    refuse(end + 1 - at,
           fmt::format("the environment variable {} is not valid UTF-8", reference->name));
  } else if (set) {
    out += *value;
  } else if (reference->operation == ":-") {
    out += reference->word;
  } else {
    missing(run, node, inside_scalar(node, at, end + 1 - at), *reference);
  }
  return end + 1;
}

void substitute_scalar(const Substitution& run, Node& node) {
  if (node.text.find('$') == std::string::npos) return;
  std::string out;
  for (std::size_t at = 0; at < node.text.size();) {
    const std::string_view rest = std::string_view(node.text).substr(at);
    if (rest.starts_with("$$")) {
      out += '$';
      at += 2;
    } else if (rest.starts_with("${")) {
      at = expand(run, node, at, out);
    } else {
      out += rest.front();
      ++at;
    }
  }
  node.text = std::move(out);
}

void substitute_below(const Substitution& run, Node& node) {
  if (node.kind == Node::Kind::scalar) substitute_scalar(run, node);
  for (const auto& child : node.children) substitute_below(run, *child);
}

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!letter && c != '_' && (c < '0' || c > '9')) return false;
  }
  return true;
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

void substitute(Tree& tree, const Environment& environment, bool required,
                std::vector<Problem>& problems) {
  if (tree.empty()) return;
  substitute_below({tree, environment, required, problems}, tree.root());
}

}  // namespace tailrace::config
