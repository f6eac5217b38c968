// Walks the tree with the registry and collects what is wrong.
// Threading: one thread per instance.
#pragma once

#include <string>
#include <vector>

#include "config/shape.hpp"
#include "config/substitution.hpp"
#include "config/yaml_tree.hpp"

namespace tailrace::config {

class Decoder {
 public:
  struct Options {
    Environment environment;
    bool require_environment = true;  // a secret that is not there: error, otherwise warning
  };

  Decoder(const Tree& tree, Options options) : tree_(tree), options_(std::move(options)) {}

  // Decodes `node` into `target`, which is the struct that the object's fields were declared for.
  void object(const Object& object, const Node& node, void* target);

  void error(const Node& node, Report report) {
    add(Severity::error, node.place(), node.path(), std::move(report));
  }
  void error_at_key(const Node& node, Report report);
  void warn(const Node& node, Report report) {
    add(Severity::warning, node.place(), node.path(), std::move(report));
  }
  // At the node of `path` or, where it is not written, at its nearest ancestor. Says nothing where
  // an error already stands: the first one is the cause.
  void error_at(const std::string& path, Report report);
  void warn_at(const std::string& path, Report report);
  // Underlines part of a scalar's text, by bytes.
  void error_within(const Node& node, std::size_t at, std::size_t length, Report report);
  void environment_problem(const Node& node, Report report);
  void not_supported(const Node& node, const std::string& what);
  void key_not_supported(const Node& node);

  const Options& options() const { return options_; }
  const Tree& tree() const { return tree_; }
  bool failed() const;
  std::vector<Problem>& problems() { return problems_; }

 private:
  void add(Severity severity, const Mark& mark, std::string path, Report report);
  // Returns the key that was probably meant; empty: none is near.
  std::string unknown_key(const Object& object, const Node& child);
  void missing_keys(const Object& object, const Node& node, const std::vector<std::string>& meant,
                    void* target);
  void add_at(Severity severity, const std::string& path, Report report);
  bool error_stands_at(const Mark& mark) const;

  const Tree& tree_;
  Options options_;
  std::vector<Problem> problems_;
};

// Part of a scalar's text, by bytes; the whole of it where the text is not as it was written.
Mark mark_within(const Node& node, std::size_t at, std::size_t length);

// "a mapping", "a list", "text", "nothing": for messages.
std::string kind_name(const Node& node);

}  // namespace tailrace::config
