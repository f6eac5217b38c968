#include "transform/projection/compute_text.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>

#include "core/nearest_name.hpp"

namespace tailrace::transform {

namespace {

constexpr std::size_t longest = 1000;
constexpr int deepest = 50;

struct Function {
  std::string_view name;
  Aggregate aggregate;
};
constexpr std::array functions{Function{"count", Aggregate::count}, Function{"sum", Aggregate::sum},
                               Function{"min", Aggregate::minimum},
                               Function{"max", Aggregate::maximum}};
constexpr std::string_view forms =
    "write count(child), sum(child.column * …), min(child.column) or max(child.column)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || is_digit(c) ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  tl::expected<ComputeText, ComputeMistake> run() {
    if (text_.size() > longest) {
      fail({0, text_.size(), fmt::format("the expression has more than {} bytes", longest),
            "shorten it"});
    } else {
      read();
    }
    if (mistake_) return tl::unexpected(std::move(*mistake_));
    return std::move(out_);
  }

 private:
  struct Name {
    std::string text;
    std::size_t at;
    std::size_t length;
  };

  // --- characters

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
  }
  char peek() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c || c == '\0') return false;
    ++at_;
    return true;
  }
  bool fail(ComputeMistake mistake) {
    if (!mistake_) mistake_ = std::move(mistake);
    return false;
  }
  // The whole word where reading stopped, or one character.
  bool unexpected(const std::string& wanted, std::string hint = {}) {
    const char next = peek();
    std::size_t length = 1;
    while (is_word(next) && at_ + length < text_.size() && is_word(text_[at_ + length])) ++length;
    const std::string found = next == '\0' ? "the expression ends"
                                           : fmt::format("'{}' stands", text_.substr(at_, length));
    return fail({at_, length, fmt::format("{} where {} belongs", found, wanted), std::move(hint)});
  }

  // --- names and numbers

  bool name(Name& out, const std::string& wanted) {
    const char first = peek();
    out.at = at_;
    if (first == '`') {
      const std::size_t end = text_.find('`', at_ + 1);
      if (end == std::string_view::npos)
        return fail({at_, 1, "a backquote is never closed", "write `name`"});
      out.text = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    } else {
      if (!is_word(first) || is_digit(first)) return unexpected(wanted);
      while (at_ < text_.size() && is_word(text_[at_])) out.text.push_back(text_[at_++]);
    }
    out.length = at_ - out.at;
    return true;
  }

  bool number() {
    ComputeStep step{StepKind::number, {}, at_, 0};
    bool point = false;
    while (at_ < text_.size() && (is_digit(text_[at_]) || (text_[at_] == '.' && !point))) {
      point = point || text_[at_] == '.';
      step.text.push_back(text_[at_++]);
    }
    step.length = at_ - step.at;
    if (step.text.back() == '.' ||
        (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')))
      return fail({step.at, step.length, fmt::format("'{}' is no number here", step.text),
                   "write digits, with digits behind a point: 2 or 0.5"});
    out_.steps.push_back(std::move(step));
    return true;
  }

  // --- the expression

  void read() {
    Name function;
    if (!name(function, "count, sum, min or max")) return;
    if (!known(function)) return;
    out_.function_name = function.text;
    if (!take('(')) {
      unexpected("'('", std::string(forms));
      return;
    }
    const bool good = out_.function == Aggregate::count ? rows() : values();
    if (!good) return;
    if (!take(')')) {
      unexpected("')'");
      return;
    }
    if (peek() != '\0')
      fail({at_, text_.size() - at_, "a computed field is one function",
            "remove what follows it, or make it a field of its own"});
  }

  bool known(const Name& written) {
    for (const Function& function : functions) {
      if (written.text != function.name) continue;
      out_.function = function.aggregate;
      return true;
    }
    std::vector<std::string> names;
    for (const Function& function : functions) names.emplace_back(function.name);
    const std::string near = nearest_name(written.text, names);
    return fail({written.at, written.length, fmt::format("there is no function '{}'", written.text),
                 near.empty() ? std::string(forms) : fmt::format("did you mean '{}'?", near)});
  }

  bool rows() {
    Name child;
    if (!name(child, "the name of a child")) return false;
    if (peek() == '.') {
      return fail(
          {at_, 1, "count counts rows, not a column", fmt::format("write count({})", child.text)});
    }
    return child_of(child);
  }

  bool values() {
    skip_blanks();
    const std::size_t begin = at_;
    if (!sum(0)) return false;
    std::size_t end = at_;
    while (end > begin + 1 && text_[end - 1] == ' ') --end;
    const bool plain = out_.steps.size() == 1 && out_.steps[0].kind == StepKind::column;
    if (out_.function != Aggregate::sum && !plain) {
      return fail({begin, end - begin, fmt::format("{} takes one column", out_.function_name),
                   fmt::format("write {}(child.column)", out_.function_name)});
    }
    if (!out_.child.empty()) return true;
    return fail({begin, end - begin, "the expression names no column", "write child.column"});
  }

  bool sum(int depth) {
    if (depth > deepest)
      return fail({at_, 1, "too many brackets inside each other", "write fewer"});
    if (!product(depth)) return false;
    while (true) {
      const char sign = peek();
      if (sign != '+' && sign != '-') return true;
      const std::size_t at = at_++;
      if (!product(depth)) return false;
      out_.steps.push_back({sign == '+' ? StepKind::add : StepKind::subtract, {}, at, 1});
    }
  }

  bool product(int depth) {
    if (!factor(depth)) return false;
    while (true) {
      const char sign = peek();
      if (sign == '/' || sign == '%') {
        return fail({at_, 1, fmt::format("'{}' is not part of the language", sign),
                     "use + - *; 0.01 * column divides by 100"});
      }
      if (sign != '*') return true;
      const std::size_t at = at_++;
      if (!factor(depth)) return false;
      out_.steps.push_back({StepKind::multiply, {}, at, 1});
    }
  }

  bool factor(int depth) {
    const char next = peek();
    const std::size_t at = at_;
    if (next == '-') {
      ++at_;
      if (depth > deepest) return fail({at, 1, "too many signs", "write fewer"});
      if (!factor(depth + 1)) return false;
      out_.steps.push_back({StepKind::negate, {}, at, 1});
      return true;
    }
    if (next == '(') {
      ++at_;
      if (!sum(depth + 1)) return false;
      return take(')') || unexpected("')'");
    }
    if (is_digit(next)) return number();
    return column();
  }

  bool column() {
    Name child;
    if (!name(child, "a column (child.column), a number or '('")) return false;
    if (!take('.')) {
      return fail({child.at, child.length, fmt::format("'{}' is no column", child.text),
                   fmt::format("write {}.column", child.text)});
    }
    Name own;
    if (!name(own, "the name of a column")) return false;
    if (peek() == '.') {
      return fail({child.at, at_ - child.at,
                   "only rows that point at the root can be computed over", "write child.column"});
    }
    if (!child_of(child)) return false;
    out_.steps.push_back({StepKind::column, own.text, own.at, own.length});
    return true;
  }

  bool child_of(const Name& child) {
    if (child.text.empty()) return fail({child.at, child.length, "the name is empty", "write one"});
    if (out_.child.empty()) {
      out_.child = child.text;
      out_.child_at = child.at;
      out_.child_length = child.length;
    }
    if (out_.child == child.text) return true;
    return fail({child.at, child.length,
                 fmt::format("one expression takes one child's columns; '{}' stands beside '{}'",
                             child.text, out_.child),
                 "make it two fields"});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  ComputeText out_;
  std::optional<ComputeMistake> mistake_;
};

}  // namespace

tl::expected<ComputeText, ComputeMistake> parse_compute(std::string_view text) {
  return Parser(text).run();
}

}  // namespace tailrace::transform
