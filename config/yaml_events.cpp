// yaml-cpp's events → our tree. The only file that includes yaml-cpp.
// Its readers of whole documents are not used: they follow aliases without limit, keep the last of
// two equal keys, and recurse before anyone can stop them.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "config/text.hpp"
#include "config/yaml_tree.hpp"

namespace tailrace::config {
namespace {

// Leaves the parser early; caught in parse_yaml.
struct Stop {
  Mark mark;
  Report report;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(Tree& tree, int source, const TreeLimits& limits, std::vector<Problem>& problems)
      : tree_(tree), source_(source), limits_(limits), problems_(problems) {}

  std::unique_ptr<Node> take() { return std::move(root_); }
  Mark mark_of(const YAML::Mark& mark) const;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node* node;
    YAML::anchor_t anchor;
    bool key_read = false;
    bool skip_value = false;  // its key was refused
    std::string key;
    Mark key_mark;
    std::set<std::string> keys;
  };

  std::string_view line_at(const Mark& mark) const;
  int scalar_length(const YAML::Mark& mark, const std::string& tag, const std::string& value) const;
  void refuse_open_quote(const YAML::Mark& mark) const;
  void refuse_tag(const Mark& mark, const std::string& tag) const;
  void count(const Mark& mark, std::size_t text_bytes);
  bool at_key() const;
  void take_key(const Mark& mark, const std::string& text);
  Node* place(std::unique_ptr<Node> node);
  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  std::unique_ptr<Node> copy(const Node& from, const Mark& at, std::size_t depth);
  void report(const Mark& mark, Report what);

  Tree& tree_;
  int source_;
  const TreeLimits& limits_;
  std::vector<Problem>& problems_;
  std::unique_ptr<Node> root_;
  std::vector<Frame> frames_;
  std::vector<std::unique_ptr<Node>>
      dropped_;  // values of refused keys; aliases may still name them
  std::map<YAML::anchor_t, const Node*> anchors_;
  std::size_t nodes_ = 0;
  std::size_t text_bytes_ = 0;
};

// yaml-cpp counts bytes from 0; people count characters from 1.
Mark TreeBuilder::mark_of(const YAML::Mark& mark) const {
  const auto& lines = tree_.source(source_).lines;
  const int last = static_cast<int>(lines.size());
  Mark out{source_, std::clamp(mark.line + 1, 1, last), 1, 1};
  const std::string_view line = lines[static_cast<std::size_t>(out.line) - 1];
  const auto bytes = static_cast<std::size_t>(std::max(0, mark.column));
  out.column = mark.line >= last ? 1 : count_characters(line.substr(0, bytes)) + 1;
  return out;
}

std::string_view TreeBuilder::line_at(const Mark& mark) const {
  return tree_.source(source_).lines[static_cast<std::size_t>(mark.line) - 1];
}

// What the caret underlines: the scalar as written, on its first line.
int TreeBuilder::scalar_length(const YAML::Mark& mark, const std::string& tag,
                               const std::string& value) const {
  const Mark from = mark_of(mark);
  std::string_view rest = line_at(from);
  rest.remove_prefix(std::min(rest.size(), static_cast<std::size_t>(std::max(0, mark.column))));
  if (tag == "?" || rest.empty()) {
    const int written = count_characters(rest);
    return std::max(1, std::min(count_characters(value), written));
  }
  const char quote = rest.front();
  if (quote != '"' && quote != '\'') return 1;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != quote) end += rest[end] == '\\' && quote == '"' ? 2 : 1;
  return count_characters(rest.substr(0, end + 1));
}

// yaml-cpp takes the end of the file for the missing quote.
void TreeBuilder::refuse_open_quote(const YAML::Mark& mark) const {
  const auto& lines = tree_.source(source_).lines;
  auto line = static_cast<std::size_t>(std::max(0, mark.line));
  auto at = static_cast<std::size_t>(std::max(0, mark.column));
  if (line >= lines.size() || at >= lines[line].size()) return;
  if (lines[line][at] == '&') at = lines[line].find_first_of("\"'", at);  // behind an anchor
  if (at == std::string::npos) return;
  const char quote = lines[line][at];
  if (quote != '"' && quote != '\'') return;
  for (++at; line < lines.size(); ++line, at = 0) {
    const std::string& text = lines[line];
    for (; at < text.size(); ++at) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (text[at] == quote && !doubled) return;
      if ((text[at] == '\\' && quote == '"') || (text[at] == quote && doubled)) ++at;
    }
  }
  throw Stop{mark_of(mark), {"E0105", "a quote is never closed", "add the missing quote"}};
}

void TreeBuilder::report(const Mark& mark, Report what) {
  std::string path = frames_.empty() ? "" : frames_.back().node->path();
  problems_.push_back(tree_.problem(Severity::error, mark, std::move(path), std::move(what)));
}

void TreeBuilder::refuse_tag(const Mark& mark, const std::string& tag) const {
  if (tag.empty() || tag == "?" || tag == "!") return;
  throw Stop{mark,
             {"E0111", fmt::format("the tag '{}' has no meaning here", tag),
              "remove it: every value is plain text"}};
}

void TreeBuilder::count(const Mark& mark, std::size_t text_bytes) {
  ++nodes_;
  text_bytes_ += text_bytes;
  if (nodes_ > limits_.nodes || text_bytes_ > limits_.text_bytes) {
    throw Stop{mark,
               {"E0109",
                fmt::format("the file holds more than {} values, aliases expanded", limits_.nodes),
                "write fewer aliases"}};
  }
}

bool TreeBuilder::at_key() const {
  return !frames_.empty() && frames_.back().node->kind == Node::Kind::map &&
         !frames_.back().key_read;
}

void TreeBuilder::take_key(const Mark& mark, const std::string& text) {
  count(mark, text.size());
  Frame& frame = frames_.back();
  frame.key_read = true;
  frame.key = text;
  frame.key_mark = mark;
  frame.skip_value = false;
  if (text == "<<") {
    frame.skip_value = true;
    report(mark, {"E0107", "merge keys (<<) are not part of the language", "write the keys out"});
  } else if (!frame.keys.insert(text).second) {
    frame.skip_value = true;
    const Node* first = frame.node->find(text);
    report(mark, {"E0106", fmt::format("'{}' is written twice", text),
                  first == nullptr
                      ? "remove one of the two"
                      : fmt::format("remove one; the first is on line {}", first->key_mark.line)});
  }
}

Node* TreeBuilder::place(std::unique_ptr<Node> node) {
  if (frames_.empty()) {
    root_ = std::move(node);
    return root_.get();
  }
  Frame& frame = frames_.back();
  node->parent = frame.node;
  if (frame.node->kind == Node::Kind::map) {
    node->key = std::move(frame.key);
    node->key_mark = frame.key_mark;
    frame.key_read = false;
    if (frame.skip_value) return dropped_.emplace_back(std::move(node)).get();
  } else {
    node->index = frame.node->children.size();
  }
  return frame.node->children.emplace_back(std::move(node)).get();
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Mark at = mark_of(mark);
  // "null" and "~" are text like any other where a key is read; yaml-cpp does not pass them on.
  if (at_key()) {
    std::string_view rest = line_at(at);
    rest.remove_prefix(std::min(rest.size(), static_cast<std::size_t>(std::max(0, mark.column))));
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (rest.starts_with(word)) return take_key(at, std::string(word));
    }
    throw Stop{at, {"E0113", "a key is empty", "write a name before the colon"}};
  }
  count(at, 0);
  auto node = std::make_unique<Node>();
  node->mark = at;
  Node* placed = place(std::move(node));
  if (anchor != 0) anchors_[anchor] = placed;
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  Mark at = mark_of(mark);
  refuse_tag(at, tag);
  if (tag == "!") refuse_open_quote(mark);
  at.length = scalar_length(mark, tag, value);
  if (at_key()) return take_key(at, value);
  count(at, value.size());
  auto node = std::make_unique<Node>();
  node->kind = Node::Kind::scalar;
  node->plain = tag == "?";
  node->text = value;
  node->mark = at;
  Node* placed = place(std::move(node));
  if (anchor != 0) anchors_[anchor] = placed;
}

void TreeBuilder::open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor) {
  const Mark at = mark_of(mark);
  refuse_tag(at, tag);
  if (at_key()) {
    throw Stop{at,
               {"E0113", "a key must be plain text", "close the bracket, or put quotes around it"}};
  }
  if (frames_.size() >= limits_.depth) {
    throw Stop{at,
               {"E0110", fmt::format("the file nests deeper than {} levels", limits_.depth),
                "close what was opened, or nest less"}};
  }
  count(at, 0);
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->mark = at;
  Node* placed = place(std::move(node));
  if (anchor != 0) anchors_[anchor] = placed;
  Frame frame;
  frame.node = placed;
  frame.anchor = anchor;
  frames_.push_back(std::move(frame));
}

void TreeBuilder::close() { frames_.pop_back(); }

std::unique_ptr<Node> TreeBuilder::copy(const Node& from, const Mark& at, std::size_t depth) {
  if (depth > limits_.depth) {
    throw Stop{
        at,
        {"E0110",
         fmt::format("the file nests deeper than {} levels, aliases expanded", limits_.depth),
         "nest less"}};
  }
  count(at, from.text.size() + from.key.size());
  auto out = std::make_unique<Node>();
  out->kind = from.kind;
  out->plain = from.plain;
  out->text = from.text;
  out->key = from.key;
  out->index = from.index;
  out->mark = from.mark;
  out->key_mark = from.key_mark;
  for (const auto& child : from.children) {
    out->children.push_back(copy(*child, at, depth + 1));
    out->children.back()->parent = out.get();
  }
  return out;
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const Mark at = mark_of(mark);
  for (const Frame& frame : frames_) {
    if (frame.anchor == anchor) {
      throw Stop{at, {"E0112", "this alias stands inside what it names", "write the value out"}};
    }
  }
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end())
    throw Stop{at, {"E0105", "this alias names nothing", "write the value out"}};
  if (at_key()) {
    if (found->second->kind == Node::Kind::scalar) return take_key(at, found->second->text);
    throw Stop{at, {"E0113", "a key must be plain text", "write the key out"}};
  }
  place(copy(*found->second, at, frames_.size()));
}

struct Rewording {
  std::string_view theirs;
  std::string_view message;
  std::string_view suggestion;
};

// yaml-cpp's words → ours; what is not listed keeps theirs.
constexpr Rewording kRewordings[] = {
    {"end of map flow not found", "a { is never closed", "add the missing }"},
    {"end of sequence flow not found", "a [ is never closed", "add the missing ]"},
    {"end of map not found", "this line does not fit the mapping it stands in",
     "indent it like the line above, and write 'key: value'"},
    {"end of sequence not found", "this line does not fit the list it stands in",
     "indent it like the lines above, and start it with '- '"},
    {"illegal flow end", "a } or ] closes nothing", "remove it, or add what opens it"},
    {"illegal EOF in scalar", "a quote is never closed", "add the missing quote"},
    {"illegal document indicator", "a quote is never closed", "add the missing quote"},
    {"illegal map value", "a second ': ' on this line, or wrong indentation",
     "put quotes around a value that holds ': '"},
    {"illegal map key", "a key cannot stand here", "check the indentation"},
    {"illegal block entry", "a list entry cannot stand here",
     "start the list on a line of its own"},
    {"the referenced anchor is not defined", "this alias names an anchor that is not there",
     "define it above with &name, or put quotes around a value that starts with *"},
    {"unknown escape character", "an escape that double quotes do not know",
     "write \\\\ for a backslash, or use single quotes"},
    {"alias not found after", "a * starts an alias",
     "put quotes around a value that starts with *"},
    {"anchor not found after", "an & starts an anchor",
     "put quotes around a value that starts with &"},
    {"illegal tab", "a tab indents this line", "indent with spaces"},
    {"unknown token", "this character cannot start a value", "put quotes around the value"},
    {"nesting", "the file nests too deeply", "nest less"},
};

Report reworded(const std::string& theirs) {
  for (const Rewording& rewording : kRewordings) {
    if (theirs.find(rewording.theirs) != std::string::npos) {
      return {"E0105", std::string(rewording.message), std::string(rewording.suggestion)};
    }
  }
  return {"E0105", "not readable as YAML: " + theirs, "check quotes, brackets and indentation"};
}

}  // namespace

std::unique_ptr<Node> parse_yaml(Tree& tree, int source, const std::string& text,
                                 const TreeLimits& limits, std::vector<Problem>& problems) {
  TreeBuilder builder(tree, source, limits, problems);
  const auto refuse = [&](const Mark& mark, Report report) -> std::unique_ptr<Node> {
    problems.push_back(tree.problem(Severity::error, mark, "", std::move(report)));
    return nullptr;
  };
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) {
      return refuse({source, 1, 1, 1}, {"E0101", "the file is empty", "start with 'tailrace: 1'"});
    }
    std::unique_ptr<Node> root = builder.take();
    TreeBuilder rest(tree, source, limits, problems);
    if (parser.HandleNextDocument(rest)) {
      const std::unique_ptr<Node> second = rest.take();
      const Mark at = second ? second->mark : Mark{source, 1, 1, 1};
      return refuse(at, {"E0108", "a second document starts here",
                         "keep one document, without '---' between"});
    }
    return root;
  } catch (const Stop& stop) {
    return refuse(stop.mark, stop.report);
  } catch (const YAML::Exception& error) {
    return refuse(builder.mark_of(error.mark), reworded(error.msg));
  }
}

}  // namespace tailrace::config
