#include "config/loader.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <set>
#include <tuple>

#include "config/assemble.hpp"
#include "config/checks.hpp"
#include "config/decoder.hpp"
#include "config/overrides.hpp"
#include "config/text.hpp"

namespace tailrace::config {
namespace {

Problem whole_file(const std::string& file, Report report) {
  Problem problem;
  problem.file = file;
  problem.code = std::move(report.code);
  problem.message = std::move(report.message);
  problem.suggestion = std::move(report.suggestion);
  return problem;
}

// One byte more than the limit at most, so that a huge file costs nothing.
bool read_file(const LoadRequest& request, const TreeLimits& limits, std::string& text,
               std::vector<Problem>& problems) {
  if (request.text) {
    text = *request.text;
    return true;
  }
  const auto refuse = [&](std::string_view why) {
    problems.push_back(
        whole_file(request.file, {"E0100", fmt::format("cannot read the file: {}", why),
                                  "give the path of a pipeline file"}));
    return false;
  };
  std::error_code error;
  if (std::filesystem::is_directory(request.file, error)) return refuse("it is a folder");
  errno = 0;
  std::ifstream in(request.file, std::ios::binary);
  if (!in) return refuse(errno == 0 ? "unknown reason" : std::strerror(errno));
  text.resize(limits.file_bytes + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return true;
}

std::shared_ptr<Tree> read_tree(const LoadRequest& request, std::vector<Problem>& problems) {
  const TreeLimits limits;
  std::string text;
  if (!read_file(request, limits, text, problems)) return nullptr;
  if (!clean_text(text, request.file, limits, problems)) return nullptr;
  auto tree = std::make_shared<Tree>();
  const int source = tree->add_source({request.file, split_lines(text)});
  std::unique_ptr<Node> root = parse_yaml(*tree, source, text, limits, problems);
  if (root == nullptr) return nullptr;
  if (root->kind == Node::Kind::null) {
    problems.push_back(tree->problem(Severity::error, {source, 1, 1, 1}, "",
                                     {"E0101", "the file is empty", "start with 'tailrace: 1'"}));
    return nullptr;
  }
  tree->set_root(std::move(root));
  apply_overrides(*tree, request.overrides, limits, problems);
  return tree;
}

// What an alias repeats is said once.
void drop_repeated(std::vector<Problem>& problems) {
  std::set<std::tuple<std::string, int, int, std::string, std::string>> seen;
  std::erase_if(problems, [&](const Problem& p) {
    return !seen.emplace(p.file, p.line, p.column, p.code, p.message).second;
  });
}

void decode_tree(const LoadRequest& request, const Environment& environment, LoadResult& out) {
  Decoder decoder(*out.tree, {environment, request.require_environment});
  PipelineDraft draft;
  // Errors of the tree itself stand first, so that nothing is said about the same place again.
  decoder.problems() = std::move(out.problems);
  decoder.object(pipeline_object(), out.tree->root(), &draft);
  check_source(decoder, draft);
  check_shards(decoder, draft);
  check_events(decoder, draft);
  check_documents(decoder, draft);
  check_cascades(decoder, draft);
  check_sinks(decoder, draft);
  out.problems = std::move(decoder.problems());
  if (!has_errors(out.problems)) out.spec = assemble(std::move(draft), request.file);
}

void load(const LoadRequest& request, LoadResult& out) {
  const Environment environment = request.environment ? request.environment : process_environment();
  const std::shared_ptr<Tree> tree = read_tree(request, out.problems);
  out.tree = tree;
  if (tree == nullptr) return;
  substitute(*tree, environment, request.require_environment, out.problems);
  if (tree->root().kind != Node::Kind::map) {
    out.problems.push_back(
        tree->problem(Severity::error, tree->root().mark, "",
                      {"E0203", "the file holds no mapping", "start with 'tailrace: 1'"}));
    return;
  }
  decode_tree(request, environment, out);
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Where `text` holds, as a whole word, the first name that the message puts in quotes ("sum adds up
// numbers, and 'note' holds none"). Length 0: it does not.
std::pair<std::size_t, std::size_t> find_quoted(std::string_view message, std::string_view text) {
  const std::size_t open = message.find('\'');
  const std::size_t close = open == std::string_view::npos ? open : message.find('\'', open + 1);
  if (close == std::string_view::npos) return {0, 0};
  const std::string_view name = message.substr(open + 1, close - open - 1);
  for (std::size_t at = text.find(name); at != std::string_view::npos && !name.empty();
       at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool whole =
        (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
    if (whole) return {at, name.size()};
  }
  return {0, 0};
}

}  // namespace

const Mark* LoadResult::find_mark(std::string_view path) const {
  if (tree == nullptr || tree->empty()) return nullptr;
  return &tree->nearest(path)->place();
}

Problem LoadResult::locate(std::string_view path, Report report) const {
  const Mark* mark = find_mark(path);
  if (mark != nullptr)
    return tree->problem(Severity::error, *mark, std::string(path), std::move(report));
  return whole_file(spec ? spec->file : "", std::move(report));
}

Problem LoadResult::locate(const Error& error, std::string code) const {
  const std::size_t colon = error.message.find(": ");
  const std::string path = colon == std::string::npos ? "" : error.message.substr(0, colon);
  const bool is_path = !path.empty() && path.find(' ') == std::string::npos;
  Report report{std::move(code), is_path ? error.message.substr(colon + 2) : error.message};
  if (const std::size_t hint = report.message.find("; did you mean '"); hint != std::string::npos) {
    report.suggestion = report.message.substr(hint + 2);
    report.message.resize(hint);
  }
  const Node* node = is_path && tree != nullptr ? tree->find(path) : nullptr;
  if (node == nullptr) return locate(is_path ? path : "", std::move(report));
  const auto [at, length] = find_quoted(report.message, node->text);
  return tree->problem(Severity::error,
                       length == 0 ? node->place() : mark_within(*node, at, length), path,
                       std::move(report));
}

LoadResult load_pipeline(const LoadRequest& request) {
  LoadResult out;
  try {
    load(request, out);
  } catch (const std::exception& error) {
    out.spec.reset();
    out.problems.push_back(
        whole_file(request.file, {"E0100", fmt::format("cannot load the file: {}", error.what())}));
  }
  drop_repeated(out.problems);
  sort_problems(out.problems);
  return out;
}

std::string summary(const PipelineSpec& spec) {
  const std::size_t rules = spec.events ? spec.events->rules.size() : 0;
  return fmt::format("{}: {}, {}, {}", spec.name, counted(spec.documents.size(), "document"),
                     counted(rules, "event rule"), counted(spec.sinks.size(), "sink"));
}

}  // namespace tailrace::config
