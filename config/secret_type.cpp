#include <filesystem>
#include <fstream>

#include "config/text.hpp"
#include "config/types.hpp"

namespace tailrace::config {
namespace {

constexpr std::size_t kLongestSecret = 64u << 10;

// The value must not reach the output of validate.
void hide(Problem& problem) {
  std::size_t at = 0;
  while (at < problem.source_line.size() &&
         count_characters(std::string_view(problem.source_line).substr(0, at)) <
             problem.column - 1) {
    ++at;
  }
  problem.source_line.resize(at);
  problem.source_line += "***";
  problem.length = 3;
}

void from_environment(Decoder& d, const Node& node, Secret& out) {
  const std::string* variable = scalar_text(d, node, "the name of an environment variable");
  if (variable == nullptr) return;
  if (!is_variable_name(*variable)) {
    return d.error(
        node,
        {"E0210", fmt::format("'{}' cannot be the name of an environment variable", *variable),
         "write the variable's name, not its value"});
  }
  const std::optional<std::string> value = d.options().environment(*variable);
  if (!value) {
    return d.environment_problem(
        node, {"0301", fmt::format("the environment variable {} is not set", *variable),
               fmt::format("set {}", *variable)});
  }
  out = Secret(*value);
}

void from_file(Decoder& d, const Node& node, Secret& out) {
  const std::string* path = scalar_text(d, node, "the path of a file");
  if (path == nullptr) return;
  std::error_code ignored;
  std::ifstream in(*path, std::ios::binary);
  if (!in || std::filesystem::is_directory(*path, ignored)) {
    return d.environment_problem(node,
                                 {"0303", fmt::format("cannot read the secret's file {}", *path),
                                  "create it, readable by the user that runs tailrace"});
  }
  std::string value(kLongestSecret + 1, '\0');
  in.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(in.gcount()));
  if (value.size() > kLongestSecret) {
    return d.environment_problem(
        node, {"0303", fmt::format("the secret's file {} is larger than 64 KiB", *path),
               "give the path of a file that holds the secret only"});
  }
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  out = Secret(std::move(value));
}

void from_mapping(Decoder& d, const Node& node, Secret& out) {
  static const std::vector<std::string> words = {"env", "file"};
  if (node.children.size() != 1) {
    return d.error(node, {"E0211", fmt::format("'{}' expects either env or file", node.key),
                          "write { env: NAME } or { file: path }"});
  }
  const Node& child = *node.children.front();
  if (child.key == "env") return from_environment(d, child, out);
  if (child.key == "file") return from_file(d, child, out);
  const std::string near = nearest(child.key, words);
  d.error_at_key(child, {"E0201", fmt::format("unknown key '{}' in a secret", child.key),
                         near.empty() ? "write { env: NAME } or { file: path }"
                                      : fmt::format("did you mean '{}'?", near),
                         near});
}

}  // namespace

Type<Secret> secret() {
  Shape shape;
  shape.kind = Shape::Kind::secret;
  shape.noun = "a secret";
  return {std::move(shape), [](Decoder& d, const Node& node, Secret& out) {
            if (node.kind == Node::Kind::map) return from_mapping(d, node, out);
            const std::string* literal = scalar_text(d, node, "a secret");
            if (literal == nullptr) return;
            out = Secret(*literal);
            if (node.substituted) return;
            d.warn(node, {"W0401", fmt::format("'{}' is a secret in plain text", node.key),
                          "write { env: NAME } or { file: path }"});
            hide(d.problems().back());
          }};
}

}  // namespace tailrace::config
