#include "app/verbs/document_view.hpp"

#include <fmt/format.h>
#include <rapidjson/reader.h>

#include "app/admin/url.hpp"

namespace tailrace::app {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// End of the string token that starts at `at`, behind its closing quote.
std::size_t string_end(std::string_view json, std::size_t at) {
  for (std::size_t i = at + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i + 1;
    }
  }
  return json.size();
}

// DEL and the C1 controls (U+0080 to U+009F: C2 80 to C2 9F in UTF-8).
void append_harmless(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if (byte == 0x7f) {
      out += "\\u007f";
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      out += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      out += text[i];
    }
  }
}

void new_line(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(depth * 2, ' ');
}

// Follows the events of one document; what is deeper than the top level is only counted.
class Summary : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Summary> {
 public:
  Summary(std::string_view id, std::size_t width) : id_(id), width_(width) {}

  std::string text() { return std::move(text_); }

  bool Default() { return true; }
  bool Null() { return scalar(""); }
  bool Bool(bool value) { return scalar(value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return scalar({text, length});
  }
  bool String(const char* text, rapidjson::SizeType length, bool) { return scalar({text, length}); }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (depth_ == 1) key_.assign(text, length);
    return true;
  }
  bool StartObject() { return open(); }
  bool EndObject(rapidjson::SizeType) {
    --depth_;
    return true;
  }
  bool StartArray() { return open(); }
  bool EndArray(rapidjson::SizeType count) {
    --depth_;
    return depth_ != 1 || add(fmt::format("[{}]", count));
  }

 private:
  bool open() {
    ++depth_;
    return true;
  }

  bool scalar(std::string_view value) {
    return depth_ != 1 || value.empty() || value == id_ || add(value);
  }

  // False ends the parse: there is no more room.
  bool add(std::string_view value) {
    if (key_ == "_tailrace") return true;
    const std::size_t room = width_ > characters_ ? width_ - characters_ : 0;
    if (room < 8) return false;
    if (!text_.empty()) append(" · ", 3);
    append(key_ + " ", 24);
    append(value, 40);
    return true;
  }

  // At most `most` characters, the last of them an ellipsis where there are more.
  void append(std::string_view text, std::size_t most) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    std::size_t taken = 0;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool is_start = (byte & 0xc0) != 0x80;
      if (is_start && taken + 1 == most && count > most) break;
      if (is_start) ++taken;
      plain_ += byte < 0x20 ? ' ' : c;
    }
    append_harmless(text_, plain_);
    plain_.clear();
    if (taken < count) text_ += "…";
    characters_ += taken;
  }

  std::string_view id_;
  std::size_t width_;
  std::size_t characters_ = 0;
  int depth_ = 0;
  std::string key_;
  std::string text_;
  std::string plain_;
};

}  // namespace

std::string pretty_json(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < json.size();) {
    if (is_space(json[i])) {
      ++i;
      continue;
    }
    if (json[i] == '"') {
      const std::size_t end = string_end(json, i);
      append_harmless(out, json.substr(i, end - i));
      i = end;
      continue;
    }
    const char c = json[i++];
    const bool closes = c == '}' || c == ']';
    // An empty object or array stays together.
    const bool is_empty = closes && !out.empty() && (out.back() == '{' || out.back() == '[');
    if (closes && depth > 0) --depth;
    if (closes && !is_empty) new_line(out, depth);
    out += c;
    while (i < json.size() && is_space(json[i])) ++i;
    const bool ends_at_once = i < json.size() && (json[i] == '}' || json[i] == ']');
    const bool opens = c == '{' || c == '[';
    if (opens) ++depth;
    if ((opens && !ends_at_once) || c == ',') new_line(out, depth);
    if (c == ':') out += ' ';
  }
  return out;
}

std::string compact_json(std::string_view json) {
  std::string out;
  for (std::size_t i = 0; i < json.size();) {
    const std::size_t end = json[i] == '"' ? string_end(json, i) : i + 1;
    if (!is_space(json[i])) out += json.substr(i, end - i);
    i = end;
  }
  return out;
}

std::string summary_line(std::string_view id, std::string_view json, std::size_t width) {
  Summary summary(id, width);
  const std::string text(json);
  rapidjson::StringStream stream(text.c_str());
  rapidjson::Reader reader;
  reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(stream,
                                                                                       summary);
  return summary.text();
}

}  // namespace tailrace::app
