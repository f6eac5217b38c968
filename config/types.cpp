#include "config/types.hpp"

#include <algorithm>
#include <set>

#include "config/template_text.hpp"
#include "config/text.hpp"
#include "config/units.hpp"

namespace tailrace::config {
namespace {

std::string label(const Node& node) {
  if (node.parent != nullptr && node.parent->kind == Node::Kind::list) {
    return fmt::format("entry {} of '{}'", node.index + 1, node.parent->key);
  }
  return fmt::format("'{}'", node.key);
}

// {id} without quotes is a mapping with one empty value: the commonest slip in this file.
bool is_unquoted_placeholder(const Node& node) {
  return node.kind == Node::Kind::map && node.children.size() == 1 &&
         node.children.front()->kind == Node::Kind::null;
}

template <class T>
struct Bounded {
  Parsed<T> (*parse)(std::string_view);
  std::string (*print)(T);
  T least;
  T most;
};

std::string plain_number(std::int64_t number) { return std::to_string(number); }

Type<std::int64_t> bounded(Shape::Kind kind, std::string noun, Bounded<std::int64_t> how) {
  Shape shape;
  shape.kind = kind;
  shape.noun = noun;
  shape.least = how.least;
  shape.most = how.most;
  return {
      std::move(shape), [noun, how](Decoder& d, const Node& node, std::int64_t& out) {
        const std::string* written = scalar_text(d, node, noun);
        if (written == nullptr) return;
        Parsed<std::int64_t> parsed = how.parse(*written);
        if (!parsed.value) {
          const bool unit =
              !parsed.error.fix.empty() || parsed.error.message.find("unit") != std::string::npos;
          return d.error(node, {unit && how.parse != parse_integer ? "E0206" : "E0203",
                                fmt::format("{} {}", label(node), parsed.error.message),
                                parsed.error.suggestion, parsed.error.fix});
        }
        if (*parsed.value < how.least || *parsed.value > how.most) {
          return d.error(
              node, {"E0204", fmt::format("{} is {}, outside its bounds", label(node), *written),
                     fmt::format("write {} to {}", how.print(how.least), how.print(how.most))});
        }
        out = *parsed.value;
      }};
}

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

struct NameRule {
  std::string_view noun;
  std::string_view first;  // characters allowed first, empty: any
  std::string_view also;   // and afterwards, with letters and digits
  std::size_t longest;
};

NameRule rule_of(Name what) {
  switch (what) {
    case Name::pipeline:
      return {"a pipeline's name", "letter or digit", "_-", 64};
    case Name::document:
      return {"a name", "letter or _", "_-", 64};
    case Name::table:
      return {"a table's name", "", "", 64};
    case Name::column:
      return {"a column's name", "", "", 64};
    case Name::field:
      return {"a field's name", "", "", 128};
    case Name::event:
      return {"an event's name", "letter or _", "_-.", 128};
  }
  return {};
}

std::optional<Report> judge_name(const std::string& text, Name what) {
  const NameRule rule = rule_of(what);
  if (text.empty()) return Report{"E0210", fmt::format("{} is empty", rule.noun), "write a name"};
  if (count_characters(text) > static_cast<int>(rule.longest)) {
    return Report{"E0210", fmt::format("{} has more than {} characters", rule.noun, rule.longest),
                  "shorten it"};
  }
  if (what == Name::table && text.find('.') != std::string::npos) {
    const std::string fix = text.substr(text.rfind('.') + 1);
    return Report{"E0210", fmt::format("'{}': a table is named without its database", text),
                  fmt::format("write '{}'; the database stands in the shard's address", fix), fix};
  }
  if (what == Name::field && text.starts_with('_')) {
    return Report{"E0210", fmt::format("'{}': names with a leading _ are kept for Tailrace", text),
                  "rename it"};
  }
  if (rule.first.empty()) return std::nullopt;
  const bool digit_first = kDigits.find(text.front()) != std::string_view::npos;
  const bool letter_first = kLetters.find(text.front()) != std::string_view::npos;
  const bool good_first =
      letter_first || (what == Name::pipeline ? digit_first : text.front() == '_');
  const std::string allowed = std::string(kLetters) + std::string(kDigits) + std::string(rule.also);
  if (good_first && text.find_first_not_of(allowed) == std::string::npos) return std::nullopt;
  std::string marks;
  for (const char c : rule.also) marks += fmt::format(" {}", c);
  return Report{"E0210", fmt::format("'{}' cannot be {}", text, rule.noun),
                fmt::format("start with a {}; use letters, digits and{}", rule.first, marks)};
}

bool check_topic_literals(Decoder& d, const Node& node, const TemplateText& parsed) {
  const std::string allowed = std::string(kLetters) + std::string(kDigits) + "._-";
  const std::size_t at = parsed.literals.find_first_not_of(allowed);
  if (at == std::string::npos && parsed.literals.size() <= 200) return true;
  d.error(node, {"E0210", fmt::format("'{}' cannot be a topic's name", node.text),
                 "use at most 200 letters, digits, '.', '_' and '-'"});
  return false;
}

void decode_template(Decoder& d, const Node& node, const std::string& noun, bool topic,
                     std::string& out) {
  if (is_unquoted_placeholder(node)) {
    const std::string fix = fmt::format("\"{{{}}}\"", node.children.front()->key);
    return d.error(
        node, {"E0203",
               fmt::format("{} expects {}; without quotes {{…}} is a mapping", label(node), noun),
               fmt::format("write {}", fix), fix});
  }
  const std::string* written = scalar_text(d, node, noun);
  if (written == nullptr) return;
  const TemplateText parsed = parse_template(*written);
  if (parsed.error) {
    return d.error_within(node, parsed.error->at, parsed.error->length,
                          {"E0214", fmt::format("{}: {}", label(node), parsed.error->message),
                           "write {column}, once per row"});
  }
  if (topic && !check_topic_literals(d, node, parsed)) return;
  out = *written;
}

}  // namespace

const std::string* scalar_text(Decoder& decoder, const Node& node, const std::string& noun) {
  if (node.unresolved) return nullptr;
  if (node.kind == Node::Kind::scalar && !node.text.empty()) return &node.text;
  const std::string found = node.kind == Node::Kind::scalar ? "empty text" : kind_name(node);
  decoder.error(node, {"E0203", fmt::format("{} expects {}, not {}", label(node), noun, found),
                       node.kind == Node::Kind::null ? "write a value, or remove the key" : ""});
  return nullptr;
}

bool check_name(Decoder& decoder, const Node& node, const std::string& text, Name what) {
  std::optional<Report> report = judge_name(text, what);
  if (report) decoder.error(node, std::move(*report));
  return !report;
}

bool check_key_name(Decoder& decoder, const Node& node, Name what) {
  std::optional<Report> report = judge_name(node.key, what);
  if (report) decoder.error_at_key(node, std::move(*report));
  return !report;
}

bool check_choice(Decoder& decoder, const Node& node, const std::string& text, const Shape& shape) {
  const auto& words = shape.choices;
  if (std::find(words.begin(), words.end(), text) != words.end()) return true;
  const auto& later = shape.later_choices;
  if (std::find(later.begin(), later.end(), text) != later.end()) {
    decoder.not_supported(node, fmt::format("'{}: {}'", node.key, text));
    return false;
  }
  const std::string near = nearest(text, words);
  decoder.error(node, {"E0205", fmt::format("{} cannot be '{}'", label(node), text),
                       near.empty() ? fmt::format("write one of: {}", fmt::join(words, ", "))
                                    : fmt::format("did you mean '{}'?", near),
                       near});
  return false;
}

bool expect(Decoder& decoder, const Node& node, Node::Kind kind, const std::string& noun) {
  if (node.unresolved) return false;
  if (node.kind == kind) return true;
  decoder.error(
      node, {"E0203", fmt::format("{} expects {}, not {}", label(node), noun, kind_name(node))});
  return false;
}

Type<std::string> text(std::string noun) {
  Shape shape;
  shape.noun = noun;
  return {std::move(shape), [noun](Decoder& d, const Node& node, std::string& out) {
            if (const std::string* written = scalar_text(d, node, noun)) out = *written;
          }};
}

Type<std::string> name(Name what) {
  Shape shape;
  shape.noun = rule_of(what).noun;
  return {shape, [what, noun = shape.noun](Decoder& d, const Node& node, std::string& out) {
            const std::string* written = scalar_text(d, node, noun);
            if (written != nullptr && check_name(d, node, *written, what)) out = *written;
          }};
}

Type<std::string> row_template(std::string noun, bool topic) {
  Shape shape;
  shape.noun = noun;
  return {std::move(shape), [noun, topic](Decoder& d, const Node& node, std::string& out) {
            decode_template(d, node, noun, topic, out);
          }};
}

Type<std::int64_t> integer(std::int64_t least, std::int64_t most) {
  return bounded(Shape::Kind::integer, "a whole number",
                 {parse_integer, plain_number, least, most});
}

Type<std::int64_t> bytes(std::int64_t least, std::int64_t most) {
  return bounded(Shape::Kind::bytes, "a size", {parse_bytes, bytes_text, least, most});
}

Type<Milliseconds> duration(Milliseconds least, Milliseconds most) {
  const Type<std::int64_t> number =
      bounded(Shape::Kind::duration, "a duration",
              {parse_duration_ms, duration_text, least.count(), most.count()});
  return {number.shape, [number](Decoder& d, const Node& node, Milliseconds& out) {
            std::int64_t ms = out.count();
            number.decode(d, node, ms);
            out = Milliseconds(ms);
          }};
}

Type<bool> boolean() {
  Shape shape;
  shape.kind = Shape::Kind::boolean;
  shape.choices = {"true", "false"};
  return {shape, [shape](Decoder& d, const Node& node, bool& out) {
            const std::string* written = scalar_text(d, node, "true or false");
            if (written == nullptr) return;
            static const std::set<std::string, std::less<>> yes = {"yes",  "on", "y",   "True",
                                                                   "TRUE", "1",  "Yes", "On"};
            static const std::set<std::string, std::less<>> no = {"no",    "off", "n",  "False",
                                                                  "FALSE", "0",   "No", "Off"};
            if (yes.contains(*written) || no.contains(*written)) {
              const std::string fix = yes.contains(*written) ? "true" : "false";
              return d.error(
                  node,
                  {"E0205", fmt::format("'{}' expects true or false, not '{}'", node.key, *written),
                   fmt::format("write {}", fix), fix});
            }
            if (check_choice(d, node, *written, shape)) out = *written == "true";
          }};
}

Type<double> rate() {
  Shape shape;
  shape.kind = Shape::Kind::rate;
  shape.noun = "a rate";
  return {
      shape, [](Decoder& d, const Node& node, double& out) {
        const std::string* written = scalar_text(d, node, "a rate");
        if (written == nullptr) return;
        Parsed<double> parsed = parse_rate(*written);
        if (!parsed.value) {
          return d.error(node, {"E0206", fmt::format("{} {}", label(node), parsed.error.message),
                                parsed.error.suggestion, parsed.error.fix});
        }
        if (*parsed.value <= 0 || *parsed.value > 1e9) {
          return d.error(
              node, {"E0204", fmt::format("{} is {}, outside its bounds", label(node), *written),
                     "write more than 0 and at most 1000000000/s"});
        }
        out = *parsed.value;
      }};
}

void refuse_duplicate(Decoder& decoder, const Node& node, const std::string& what) {
  decoder.error(node, {"E0213",
                       fmt::format("'{}' is written twice in '{}'", what,
                                   node.parent == nullptr ? "" : node.parent->key),
                       "remove one of the two"});
}

Type<std::vector<std::string>> columns(bool one_without_list) {
  Shape item;
  item.noun = "a column's name";
  Shape list;
  list.kind = Shape::Kind::list;
  list.noun = "a list of columns";
  list.least = 1;
  list.parts = {item};
  Shape shape = list;
  if (one_without_list) {
    shape = Shape{};
    shape.kind = Shape::Kind::any_of;
    shape.noun = "a column, or a list of columns";
    shape.parts = {item, list};
  }
  const std::string noun = shape.noun;
  return {std::move(shape),
          [one_without_list, noun](Decoder& d, const Node& node, std::vector<std::string>& out) {
            const Type<std::string> column = name(Name::column);
            if (one_without_list && node.kind == Node::Kind::scalar) {
              return column.decode(d, node, out.emplace_back());
            }
            if (!expect(d, node, Node::Kind::list, noun)) return;
            std::set<std::string> seen;
            for (const auto& child : node.children) {
              column.decode(d, *child, out.emplace_back());
              if (!out.back().empty() && !seen.insert(out.back()).second)
                refuse_duplicate(d, *child, out.back());
            }
            if (node.children.empty())
              d.error(node, {"E0204", fmt::format("'{}' is empty", node.key), "name a column"});
          }};
}

}  // namespace tailrace::config
