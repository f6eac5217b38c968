// The pipeline file as a guarded tree: raw scalar text, places, no YAML typing, no surprises.
// Threading: immutable once loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace tailrace::config {

// A place in one of the tree's sources, in characters from 1.
struct Mark {
  int source = 0;
  int line = 0;
  int column = 0;
  int length = 1;
  friend bool operator==(const Mark&, const Mark&) = default;
};

// Limits against files made to hurt: 64 levels hold any document, 1 MiB thousands of tables.
struct TreeLimits {
  std::size_t file_bytes = 1u << 20;
  std::size_t nodes = 50'000;          // aliases count as what they expand to
  std::size_t text_bytes = 16u << 20;  // of all scalars and keys
  std::size_t depth = 64;
};

struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool plain = false;        // a scalar without quotes
  bool substituted = false;  // its text comes from the environment, at least in part
  bool unresolved = false;   // its text needs a variable that is not set: decode nothing from it
  std::string text;          // of a scalar, after substitution
  std::string key;           // in the parent map
  std::size_t index = 0;     // in the parent list
  Mark mark;                 // of the value
  Mark key_mark;             // of the key; line 0 outside maps
  Node* parent = nullptr;
  std::vector<std::unique_ptr<Node>> children;

  // The child under `name`; nullptr: none, or this is no map.
  const Node* find(std::string_view name) const;
  // Where to point for this value: its key when the value is empty or starts on another line.
  const Mark& place() const;
  // "events.rules[2].emit"; empty for the root.
  std::string path() const;
};

struct Report {
  std::string code;
  std::string message;
  std::string suggestion = {};
  std::string fix = {};
};

class Tree {
 public:
  struct Source {
    std::string name;
    std::vector<std::string> lines;
  };

  Node& root() { return *root_; }
  const Node& root() const { return *root_; }
  bool empty() const { return root_ == nullptr; }
  void set_root(std::unique_ptr<Node> root) { root_ = std::move(root); }
  int add_source(Source source);
  const Source& source(int index) const { return sources_[static_cast<std::size_t>(index)]; }

  // The node at `path`; where it is not written, its nearest ancestor that is. Never nullptr unless
  // empty().
  const Node* nearest(std::string_view path) const;
  // The node at exactly `path`, or nullptr.
  const Node* find(std::string_view path) const;

  Problem problem(Severity severity, const Mark& mark, std::string path, Report report) const;

 private:
  struct Walk {
    const Node* node;
    bool whole;
  };
  Walk walk(std::string_view path) const;

  std::vector<Source> sources_;
  std::unique_ptr<Node> root_;
};

// Refuses what must never reach the YAML reader: too large, not UTF-8, control characters, tabs as
// indentation. Drops a BOM and makes every line end "\n". False: `problems` says why.
bool clean_text(std::string& text, const std::string& name, const TreeLimits& limits,
                std::vector<Problem>& problems);

// Parses clean text as one more source of `tree`. nullptr: `problems` says why. Duplicate and merge
// keys are problems too, but the tree is still made, so that the rest can be checked.
std::unique_ptr<Node> parse_yaml(Tree& tree, int source, const std::string& text,
                                 const TreeLimits& limits, std::vector<Problem>& problems);

}  // namespace tailrace::config
