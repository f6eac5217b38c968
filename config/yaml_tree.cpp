#include "config/yaml_tree.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace tailrace::config {

const Node* Node::find(std::string_view name) const {
  if (kind != Kind::map) return nullptr;
  for (const auto& child : children) {
    if (child->key == name) return child.get();
  }
  return nullptr;
}

const Mark& Node::place() const {
  const bool elsewhere = kind == Kind::null || mark.line != key_mark.line;
  return key_mark.line > 0 && elsewhere ? key_mark : mark;
}

std::string Node::path() const {
  if (parent == nullptr) return {};
  const std::string above = parent->path();
  if (parent->kind == Kind::list) return fmt::format("{}[{}]", above, index);
  return above.empty() ? key : above + "." + key;
}

int Tree::add_source(Source source) {
  sources_.push_back(std::move(source));
  return static_cast<int>(sources_.size()) - 1;
}

namespace {

// One step into a list: consumes "[3]".
const Node* step_into_list(const Node& node, std::string_view& path) {
  if (path.empty() || path.front() != '[') return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), index);
  if (error != std::errc() || end == path.data() + path.size() || *end != ']') return nullptr;
  if (index >= node.children.size()) return nullptr;
  path.remove_prefix(static_cast<std::size_t>(end - path.data()) + 1);
  if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  return node.children[index].get();
}

// One step into a map: the longest key that starts the path, for keys may hold dots.
const Node* step_into_map(const Node& node, std::string_view& path) {
  const Node* best = nullptr;
  for (const auto& child : node.children) {
    const std::string& key = child->key;
    if (!path.starts_with(key) || (best != nullptr && best->key.size() >= key.size())) continue;
    const bool ends =
        path.size() == key.size() || path[key.size()] == '.' || path[key.size()] == '[';
    if (ends) best = child.get();
  }
  if (best == nullptr) return nullptr;
  path.remove_prefix(best->key.size());
  if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  return best;
}

}  // namespace

Tree::Walk Tree::walk(std::string_view path) const {
  const Node* node = root_.get();
  while (node != nullptr && !path.empty()) {
    const Node* next = node->kind == Node::Kind::list  ? step_into_list(*node, path)
                       : node->kind == Node::Kind::map ? step_into_map(*node, path)
                                                       : nullptr;
    if (next == nullptr) return {node, false};
    node = next;
  }
  return {node, true};
}

const Node* Tree::nearest(std::string_view path) const { return walk(path).node; }

const Node* Tree::find(std::string_view path) const {
  const Walk found = walk(path);
  return found.whole ? found.node : nullptr;
}

Problem Tree::problem(Severity severity, const Mark& mark, std::string path, Report report) const {
  Problem out;
  out.severity = severity;
  out.path = std::move(path);
  out.code = std::move(report.code);
  out.message = std::move(report.message);
  out.suggestion = std::move(report.suggestion);
  out.fix = std::move(report.fix);
  const Source& from = source(mark.source);
  out.file = from.name;
  out.line = mark.line;
  out.column = mark.column;
  out.length = mark.length;
  if (mark.line > 0 && static_cast<std::size_t>(mark.line) <= from.lines.size()) {
    out.source_line = from.lines[static_cast<std::size_t>(mark.line) - 1];
  }
  return out;
}

}  // namespace tailrace::config
