#include "config/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/text.hpp"

namespace tailrace::config {

const Field* Object::find(std::string_view key) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.key == key; });
  return found == fields.end() ? nullptr : &*found;
}

bool Object::may_be_empty() const {
  return std::none_of(fields.begin(), fields.end(), [](const Field& f) { return f.required; });
}

std::string kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a mapping";
  }
  return "";
}

namespace {

std::string name_of(const Node& node) {
  if (node.parent == nullptr) return "the file";
  if (node.parent->kind == Node::Kind::map) return fmt::format("'{}'", node.key);
  return fmt::format("entry {} of '{}'", node.index + 1, node.parent->key);
}

std::string keys_text(const Object& object) {
  std::string out;
  for (const Field& field : object.fields) {
    if (field.shape.kind == Shape::Kind::later) continue;
    out += (out.empty() ? "" : ", ") + field.key;
  }
  return out;
}

}  // namespace

void Decoder::object(const Object& object, const Node& node, void* target) {
  const bool empty = node.kind == Node::Kind::null;
  if (node.kind != Node::Kind::map &&
      !(empty && (object.may_be_empty() || node.parent == nullptr))) {
    if (node.unresolved) return;
    const bool nothing_below = empty && node.parent != nullptr;
    return error(
        node, {"E0203", fmt::format("{} expects a mapping, not {}", name_of(node), kind_name(node)),
               fmt::format("{}: {}", nothing_below ? "indent its keys below it" : "its keys",
                           keys_text(object))});
  }
  std::vector<std::string> meant;  // by keys that are misspelt: these are not missing
  for (const auto& child : node.children) {
    const Field* field = object.find(child->key);
    if (field == nullptr) {
      meant.push_back(unknown_key(object, *child));
    } else if (field->shape.kind == Shape::Kind::later) {
      key_not_supported(*child);
    } else {
      field->decode(*this, *child, target);
    }
  }
  missing_keys(object, node, meant, target);
}

std::string Decoder::unknown_key(const Object& object, const Node& child) {
  std::vector<std::string> open;
  for (const Field& field : object.fields) {
    const bool written = child.parent->find(field.key) != nullptr;
    if (!written && field.shape.kind != Shape::Kind::later) open.push_back(field.key);
  }
  const std::string near = nearest(child.key, open);
  error_at_key(child, {"E0201", fmt::format("unknown key '{}' in {}", child.key, object.name),
                       near.empty() ? fmt::format("its keys: {}", keys_text(object))
                                    : fmt::format("did you mean '{}'?", near),
                       near});
  return near;
}

void Decoder::missing_keys(const Object& object, const Node& node,
                           const std::vector<std::string>& meant, void* target) {
  for (const Field& field : object.fields) {
    if (node.find(field.key) != nullptr) continue;
    if (!field.unless.empty() && node.find(field.unless) != nullptr) continue;
    if (std::find(meant.begin(), meant.end(), field.key) != meant.end()) continue;
    if (field.required) {
      const std::string path = node.path();
      add(Severity::error, node.key_mark.line > 0 ? node.key_mark : node.mark,
          path.empty() ? field.key : path + "." + field.key,
          {field.missing_code, fmt::format("{} needs '{}'", name_of(node), field.key),
           field.missing_hint.empty() ? fmt::format("add {}", field.example) : field.missing_hint});
    } else if (!field.fallback.empty() && field.decode) {
      Node implied;  // "{}": the object's own defaults
      implied.kind = field.fallback == "{}" ? Node::Kind::map : Node::Kind::scalar;
      implied.plain = true;
      implied.text = field.fallback;
      implied.key = field.key;
      implied.mark = node.mark;
      field.decode(*this, implied, target);
    }
  }
}

void Decoder::error_at_key(const Node& node, Report report) {
  add(Severity::error, node.key_mark.line > 0 ? node.key_mark : node.mark, node.path(),
      std::move(report));
}

void Decoder::error_at(const std::string& path, Report report) {
  add_at(Severity::error, path, std::move(report));
}

void Decoder::warn_at(const std::string& path, Report report) {
  add_at(Severity::warning, path, std::move(report));
}

Mark mark_within(const Node& node, std::size_t at, std::size_t length) {
  Mark mark = node.place();
  const int quote = node.plain ? 0 : 1;
  const bool as_written = mark == node.mark && !node.substituted &&
                          mark.length == count_characters(node.text) + 2 * quote;
  if (!as_written) return mark;
  const std::string_view text = node.text;
  mark.column += quote + count_characters(text.substr(0, at));
  mark.length = std::max(1, count_characters(text.substr(std::min(at, text.size()), length)));
  return mark;
}

void Decoder::error_within(const Node& node, std::size_t at, std::size_t length, Report report) {
  add(Severity::error, mark_within(node, at, length), node.path(), std::move(report));
}

void Decoder::environment_problem(const Node& node, Report report) {
  const bool error = options_.require_environment;
  report.code = (error ? "E" : "W") + report.code;
  add(error ? Severity::error : Severity::warning, node.place(), node.path(), std::move(report));
}

void Decoder::not_supported(const Node& node, const std::string& what) {
  error(node, {"E0209", fmt::format("{} is not supported yet", what), "remove it for now"});
}

void Decoder::key_not_supported(const Node& node) {
  error_at_key(node,
               {"E0209", fmt::format("'{}' is not supported yet", node.key), "remove it for now"});
}

bool Decoder::failed() const { return has_errors(problems_); }

bool Decoder::error_stands_at(const Mark& mark) const {
  const std::string& file = tree_.source(mark.source).name;
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& p) {
    return p.severity == Severity::error && p.line == mark.line && p.column == mark.column &&
           p.file == file;
  });
}

void Decoder::add_at(Severity severity, const std::string& path, Report report) {
  const Node* node = tree_.nearest(path);
  if (node == nullptr) return;
  // What is wrong with a whole mapping is wrong with what its key names.
  const bool by_key = node->kind == Node::Kind::map && node->key_mark.line > 0;
  const Mark& mark = by_key ? node->key_mark : node->place();
  if (!error_stands_at(mark)) add(severity, mark, path, std::move(report));
}

void Decoder::add(Severity severity, const Mark& mark, std::string path, Report report) {
  problems_.push_back(tree_.problem(severity, mark, std::move(path), std::move(report)));
}

}  // namespace tailrace::config
