// One thing wrong with a pipeline file, with its place: what `validate` prints and `--json`
// carries. Threading: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tailrace::config {

enum class Severity : std::uint8_t { error, warning };

struct Problem {
  Severity severity = Severity::error;
  std::string file;  // as given; "--set" for an override
  int line = 0;      // from 1; 0: the file as a whole
  int column = 0;    // from 1, in characters
  int length = 1;    // characters that the caret underlines
  std::string path;  // "documents.order.children.items.on"
  std::string code;  // "E0207"; config/codes.hpp explains each
  std::string message;
  std::string suggestion;   // one imperative hint, may be empty
  std::string fix;          // what to write in place of the underlined text; empty: none known
  std::string source_line;  // without its line end
};

struct RenderOptions {
  bool color = false;
  std::size_t limit = 20;  // then "and N more"
};

// Errors first, then by place.
void sort_problems(std::vector<Problem>& problems);
bool has_errors(std::span<const Problem> problems);

// "file:line:column: error[E0207]: …", the source line, a caret and the hint; ends with a newline.
std::string render(const Problem& problem, bool color);
// All of them, sorted as given, at most `limit`.
std::string render_all(std::span<const Problem> problems, const RenderOptions& options);
// {"file":…,"line":…,"column":…,"path":…,"code":…,"severity":…,"message":…,"suggestion":…,"fix":…}
void append_json(std::string& out, const Problem& problem);

}  // namespace tailrace::config
