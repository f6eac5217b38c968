#include "config/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/shape.hpp"
#include "config/text.hpp"

namespace tailrace::config {
namespace {

struct Override {
  int source;
  std::string path;
  std::unique_ptr<Node> value;
};

bool holds_scalars(const Shape& shape) {
  if (shape.kind == Shape::Kind::object || shape.kind == Shape::Kind::map ||
      shape.kind == Shape::Kind::list)
    return false;
  return std::all_of(shape.parts.begin(), shape.parts.end(), holds_scalars);
}

// The registry's idea of what stands under `key`; nullptr: it has none.
const Shape* below(const Shape* shape, const std::string& key) {
  if (shape == nullptr) return nullptr;
  if (shape->kind == Shape::Kind::map) return &shape->parts.front();
  if (shape->kind != Shape::Kind::object) return nullptr;
  const Field* field = shape->object().find(key);
  return field == nullptr ? nullptr : &field->shape;
}

// The first key of `path` below this map: one that is written, or everything before the next dot.
std::string first_key(const Node& node, const Shape* shape, std::string_view path) {
  if (shape != nullptr && shape->kind == Shape::Kind::map && holds_scalars(shape->parts.front()))
    return std::string(path);
  std::string best(path.substr(0, path.find('.')));
  for (const auto& child : node.children) {
    const std::string& key = child->key;
    const bool starts =
        path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
    if (starts && key.size() > best.size()) best = key;
  }
  return best;
}

Node* child_named(Node& node, const std::string& key, const Mark& mark) {
  for (const auto& child : node.children) {
    if (child->key == key) return child.get();
  }
  auto child = std::make_unique<Node>();
  child->key = key;
  child->key_mark = mark;
  child->mark = mark;
  child->parent = &node;
  return node.children.emplace_back(std::move(child)).get();
}

void put(Tree& tree, Override change, std::vector<Problem>& problems) {
  Shape shape;
  shape.kind = Shape::Kind::object;
  shape.object = pipeline_object;
  const Shape* at = &shape;
  Node* node = &tree.root();
  std::string_view path = change.path;
  while (!path.empty()) {
    const int column = count_characters(change.path) - count_characters(path) + 1;
    if (node->kind == Node::Kind::null) node->kind = Node::Kind::map;
    const std::string key = first_key(*node, at, path);
    const Mark mark{change.source, 1, column, std::max(1, count_characters(key))};
    if (node->kind != Node::Kind::map || key.empty() || path.ends_with('.')) {
      problems.push_back(tree.problem(Severity::error, mark, node->path(),
                                      {"E0304", fmt::format("--set cannot reach '{}'", change.path),
                                       "give the path of a key, as in state.dir=/var/lib/x"}));
      return;
    }
    node = child_named(*node, key, mark);
    if (path.size() == key.size()) node->key_mark = mark;
    at = below(at, key);
    path.remove_prefix(std::min(path.size(), key.size() + 1));
  }
  node->kind = change.value->kind;
  node->plain = change.value->plain;
  node->text = std::move(change.value->text);
  node->mark = change.value->mark;
  node->children = std::move(change.value->children);
  for (const auto& child : node->children) child->parent = node;
}

std::unique_ptr<Node> literal(const Mark& mark, const std::string& text) {
  auto node = std::make_unique<Node>();
  node->kind = text.empty() ? Node::Kind::null : Node::Kind::scalar;
  node->plain = true;
  node->text = text;
  node->mark = mark;
  return node;
}

}  // namespace

void apply_overrides(Tree& tree, std::span<const std::string> overrides, const TreeLimits& limits,
                     std::vector<Problem>& problems) {
  for (const std::string& written : overrides) {
    std::string clean = written;
    if (!clean_text(clean, "--set", limits, problems)) continue;
    const int source = tree.add_source({"--set", split_lines(clean)});
    const std::size_t equals = clean.find('=');
    if (equals == std::string::npos || equals == 0 || clean.find('\n') != std::string::npos) {
      problems.push_back(tree.problem(
          Severity::error, {source, 1, 1, 1}, "",
          {"E0304", "--set expects key=value", "write for example --set state.dir=/var/lib/x"}));
      continue;
    }
    const std::string value = clean.substr(equals + 1);
    const Mark mark{source, 1, count_characters(clean.substr(0, equals)) + 2,
                    std::max(1, count_characters(value))};
    const bool yaml =
        !value.empty() && std::string_view("{[\"'").find(value.front()) != std::string_view::npos;
    // Blanks in place of the key keep the columns right.
    std::unique_ptr<Node> node =
        yaml ? parse_yaml(tree, source, std::string(equals + 1, ' ') + value, limits, problems)
             : literal(mark, value);
    if (node != nullptr) put(tree, {source, clean.substr(0, equals), std::move(node)}, problems);
  }
}

}  // namespace tailrace::config
