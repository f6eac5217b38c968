#include "capture/binlog/json_diff.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "capture/binlog/binary_json.hpp"
#include "capture/binlog/charset.hpp"
#include "capture/binlog/utf8.hpp"
#include "capture/binlog/wire_reader.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {

namespace {

enum class DiffOp : std::uint8_t { replace = 0, insert = 1, remove = 2 };

constexpr std::size_t most_legs = 100;  // as deep as documents may be

struct Leg {
  bool member = false;
  std::string name;
  std::size_t index = 0;
};

// A string as JSON escapes it, from behind its opening quote; `at` ends behind the closing one.
std::optional<std::string> unescape(std::string_view text, std::size_t& at) {
  std::string plain;
  while (at < text.size() && text[at] != '"') {
    char c = text[at++];
    if (c == '\\') {
      if (at == text.size()) return std::nullopt;
      constexpr std::string_view escapes = "\"\\/bfnrt";
      constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
      c = text[at++];
      if (c == 'u') {
        std::uint32_t code = 0;
        if (text.size() - at < 4) return std::nullopt;
        const char* const end = text.data() + at + 4;
        if (std::from_chars(text.data() + at, end, code, 16).ptr != end) return std::nullopt;
        at += 4;
        char bytes[4];
        plain.append(bytes, write_utf8(bytes, code));
        continue;
      }
      const std::size_t which = escapes.find(c);
      if (which == std::string_view::npos) return std::nullopt;
      c = meant[which];
    }
    plain += c;
  }
  if (at == text.size()) return std::nullopt;
  ++at;
  return plain;
}

// $.name."quoted name"[7]
std::optional<std::vector<Leg>> parse_path(std::string_view path) {
  std::vector<Leg> legs;
  if (path.empty() || path[0] != '$' || !is_valid_utf8(path)) return std::nullopt;
  std::size_t at = 1;
  while (at < path.size()) {
    if (legs.size() == most_legs) return std::nullopt;
    Leg& leg = legs.emplace_back();
    if (path[at] == '[') {
      const char* const end = path.data() + path.size();
      const auto number = std::from_chars(path.data() + at + 1, end, leg.index);
      if (number.ec != std::errc{} || number.ptr == end || *number.ptr != ']') return std::nullopt;
      at = static_cast<std::size_t>(number.ptr - path.data()) + 1;
      continue;
    }
    if (path[at] != '.' || ++at == path.size()) return std::nullopt;
    leg.member = true;
    if (path[at] == '"') {
      auto name = unescape(path, ++at);
      if (!name) return std::nullopt;
      leg.name = std::move(*name);
      continue;
    }
    const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
    leg.name = path.substr(at, end - at);
    at = end;
  }
  return legs;
}

// Where things are in a compact text that we wrote ourselves; the text is valid JSON.
class JsonText {
 public:
  explicit JsonText(std::string_view text) : text_(text) {}

  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  struct Element {
    Span whole;  // with its key
    Span value;
  };

  Span root() const { return {0, text_.size()}; }

  // Behind the value that begins at `at`.
  std::size_t end_of(std::size_t at) const {
    int depth = 0;
    while (at < text_.size()) {
      const char c = text_[at];
      if (c == '"') {
        at = end_of_string(at);
      } else {
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth < 0) return at;
        if (c == ',' && depth == 0) return at;
        ++at;
      }
      if (depth == 0 && (c == '"' || c == '}' || c == ']')) return at;
    }
    return at;
  }

  // The elements of an object or array one after the other; false from `visit` ends it.
  template <class Visit>
  void each(Span container, Visit&& visit) const {
    const bool object = text_[container.begin] == '{';
    std::size_t at = container.begin + 1;
    while (at + 1 < container.end) {
      Element element;
      element.whole.begin = at;
      if (object) at = end_of_string(at) + 1;  // and the colon
      element.value.begin = at;
      element.value.end = element.whole.end = end_of(at);
      at = element.value.end + 1;
      if (!visit(element)) return;
    }
  }

  std::optional<Element> find(Span container, const Leg& leg) const {
    if (!fits(container, leg)) return std::nullopt;
    std::optional<Element> found;
    std::size_t index = 0;
    each(container, [&](const Element& element) {
      if (leg.member ? key_of(element) == leg.name : index == leg.index) found = element;
      ++index;
      return !found;
    });
    return found;
  }

  bool fits(Span container, const Leg& leg) const {
    return text_[container.begin] == (leg.member ? '{' : '[');
  }

  std::string key_of(const Element& element) const {
    std::size_t at = element.whole.begin + 1;
    return unescape(text_, at).value_or("");
  }

 private:
  std::size_t end_of_string(std::size_t at) const {
    for (++at; at < text_.size() && text_[at] != '"'; ++at) {
      if (text_[at] == '\\') ++at;
    }
    return at + 1;
  }

  std::string_view text_;
};

// The order of keys in MySQL's documents.
bool key_before(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

class Editor {
 public:
  explicit Editor(std::string& text) : text_(text) {}

  bool apply(DiffOp op, const std::vector<Leg>& legs, std::string_view value) {
    const JsonText json(text_);
    JsonText::Span at = json.root();
    if (legs.empty()) return op == DiffOp::replace && splice(at, value);
    for (std::size_t i = 0; i + 1 < legs.size(); ++i) {
      const auto element = json.find(at, legs[i]);
      if (!element) return false;
      at = element->value;
    }
    const Leg& last = legs.back();
    if (op == DiffOp::insert) return insert(json, at, last, value);
    const auto element = json.find(at, last);
    if (!element) return false;
    return op == DiffOp::replace ? splice(element->value, value) : remove(at, element->whole);
  }

 private:
  bool splice(JsonText::Span span, std::string_view value) {
    text_.replace(span.begin, span.end - span.begin, value);
    return true;
  }

  // With the comma behind it, or before it where it is the last.
  bool remove(JsonText::Span container, JsonText::Span element) {
    if (text_[element.end] == ',') {
      ++element.end;
    } else if (element.begin > container.begin + 1) {
      --element.begin;
    }
    return splice(element, "");
  }

  bool insert(const JsonText& json, JsonText::Span container, const Leg& leg,
              std::string_view value) {
    if (!json.fits(container, leg)) return false;
    std::size_t at = container.end - 1;  // behind the last, if nothing comes after it
    std::size_t index = 0;
    bool empty = true;
    bool exists = false;
    json.each(container, [&](const JsonText::Element& element) {
      empty = false;
      const std::string key = leg.member ? json.key_of(element) : "";
      exists = leg.member && key == leg.name;
      const bool here = leg.member ? key_before(leg.name, key) : index == leg.index;
      ++index;
      if (here) at = element.whole.begin;
      return !here && !exists;
    });
    if (exists) return false;
    std::string inserted;
    if (leg.member) {
      append_json_string(inserted, leg.name);
      inserted += ':';
    }
    inserted += value;
    if (at != container.end - 1) {
      inserted += ',';
    } else if (!empty) {
      inserted.insert(0, 1, ',');
    }
    return splice({at, at}, inserted);
  }

  std::string& text_;
};

}  // namespace

bool apply_json_diff(std::string_view document, std::string_view differences, std::string& out) {
  out.assign(document);
  Editor editor(out);
  WireReader in(differences);
  Arena arena(4096);
  while (!in.at_end()) {
    const auto op = static_cast<DiffOp>(in.u8());
    const auto legs = parse_path(in.sized());
    if (!in.ok() || op > DiffOp::remove || !legs) return false;
    std::optional<std::string_view> value = "";
    if (op != DiffOp::remove) value = binary_json_text(arena, in.sized());
    if (!in.ok() || !value || !editor.apply(op, *legs, *value)) return false;
  }
  return true;
}

}  // namespace tailrace::capture
