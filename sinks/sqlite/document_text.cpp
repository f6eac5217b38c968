#include "sinks/sqlite/document_text.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

namespace tailrace::sinks {

namespace {

constexpr std::size_t max_depth = 512;
constexpr std::string_view meta_field = "_tailrace";

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) return put(0xc0 | code >> 6), put(0x80 | (code & 63));
  if (code >= 0x10000) {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
  } else {
    put(0xe0 | code >> 12);
  }
  put(0x80 | (code >> 6 & 63));
  put(0x80 | (code & 63));
}

// The four hexadecimal digits at `at`; nullopt: fewer than four.
std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t code = 0;
  for (const char c : text.substr(at, 4)) {
    if (c >= '0' && c <= '9')
      code = code << 4 | static_cast<std::uint32_t>(c - '0');
    else if ((c | 32) >= 'a' && (c | 32) <= 'f')
      code = code << 4 | static_cast<std::uint32_t>((c | 32) - 'a' + 10);
    else
      return std::nullopt;
  }
  return code;
}

// `\u....` at `at` (on the u): appends the character, gives the place after it.
std::size_t append_unicode(std::string& out, std::string_view text, std::size_t at) {
  const auto high = hex4(text, at + 1);
  if (!high) return at + 1;
  at += 5;
  if (*high < 0xd800 || *high > 0xdfff) {
    append_utf8(out, *high);
    return at;
  }
  const bool pair = *high < 0xdc00 && at + 2 <= text.size() && text.substr(at, 2) == "\\u";
  const auto low = pair ? hex4(text, at + 2) : std::nullopt;
  if (!low || *low < 0xdc00 || *low > 0xdfff) {
    append_utf8(out, 0xfffd);
    return at;
  }
  append_utf8(out, 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00));
  return at + 6;
}

void append_unescaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out.push_back(text[at++]);
      continue;
    }
    switch (text[++at]) {
      case 'u':
        at = append_unicode(out, text, at);
        continue;
      case 'n':
      case 'r':
      case 't':
      case 'b':
      case 'f':
        out.push_back(' ');
        break;
      default:
        out.push_back(text[at]);
        break;
    }
    ++at;
  }
}

class Scanner {
 public:
  Scanner(std::string& out, std::string_view json) : out_(out), json_(json) {}

  bool run() {
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        if (depth_ == 0 || !string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        if (closed_ || depth_ == max_depth || (depth_ == 0 && c == '[')) return false;
        brackets_[depth_++] = c;
      } else if (c == '}' || c == ']') {
        if (depth_ == 0 || brackets_[--depth_] != (c == '}' ? '{' : '[')) return false;
        closed_ = depth_ == 0;
      } else if (depth_ == 0 && !is_space(c)) {
        return false;
      }
      if (depth_ <= 1 && (c == ',' || c == '}')) muted_ = false;
    }
    return closed_;
  }

 private:
  // A whole string, on its opening quote.
  bool string() {
    const std::size_t start = ++at_;
    bool escaped = false;
    for (; at_ < json_.size() && json_[at_] != '"'; ++at_) {
      if (json_[at_] != '\\') continue;
      escaped = true;
      ++at_;
    }
    if (at_ >= json_.size()) return false;
    const std::string_view text = json_.substr(start, at_++ - start);
    if (brackets_[depth_ - 1] == '{' && next_is_colon()) {
      muted_ = muted_ || (depth_ == 1 && text == meta_field);
      return true;
    }
    if (muted_) return true;
    if (escaped)
      append_unescaped(out_, text);
    else
      out_.append(text);
    out_.push_back('\n');
    return true;
  }

  bool next_is_colon() const {
    std::size_t next = at_;
    while (next < json_.size() && is_space(json_[next])) ++next;
    return next < json_.size() && json_[next] == ':';
  }

  std::string& out_;
  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool muted_ = false;   // inside the value of the top-level _tailrace
  bool closed_ = false;  // the outermost object has ended
  char brackets_[max_depth];
};

}  // namespace

bool append_document_text(std::string& out, std::string_view json) {
  return Scanner(out, json).run();
}

}  // namespace tailrace::sinks
