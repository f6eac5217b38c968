#include "capture/binlog/json_text.hpp"

#include "capture/binlog/charset.hpp"

namespace tailrace::capture {

namespace {

constexpr int deepest = 100;

class Compactor {
 public:
  Compactor(std::string& out, std::string_view text) : out_(out), text_(text) {}

  bool whole() {
    skip_space();
    if (!value(0)) return false;
    skip_space();
    return at_ == text_.size();
  }

 private:
  bool value(int depth) {
    if (depth > deepest || at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  bool object(int depth) {
    take();
    if (next_is('}')) return take();
    while (true) {
      skip_space();
      if (!string() || !next_is(':')) return false;
      take();
      skip_space();
      if (!value(depth + 1)) return false;
      if (next_is('}')) return take();
      if (!next_is(',')) return false;
      take();
    }
  }

  bool array(int depth) {
    take();
    if (next_is(']')) return take();
    while (true) {
      skip_space();
      if (!value(depth + 1)) return false;
      if (next_is(']')) return take();
      if (!next_is(',')) return false;
      take();
    }
  }

  bool string() {
    if (!here('"')) return false;
    const std::size_t start = at_++;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c < 0x20) return false;
      ++at_;
      if (c == '"') {
        out_.append(text_, start, at_ - start);
        return true;
      }
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size() || !is_hex(text_[at_])) return false;
    }
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    if (here('-')) ++at_;
    if (here('0')) {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    if (here('.')) {
      ++at_;
      if (!digits()) return false;
    }
    if (here('e') || here('E')) {
      ++at_;
      if (here('+') || here('-')) ++at_;
      if (!digits()) return false;
    }
    out_.append(text_, start, at_ - start);
    return true;
  }

  bool digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ != start;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    out_ += expected;
    at_ += expected.size();
    return true;
  }

  static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }
  bool here(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool next_is(char c) {
    skip_space();
    return here(c);
  }
  bool take() {
    out_ += text_[at_++];
    return true;
  }
  void skip_space() {
    while (here(' ') || here('\t') || here('\r') || here('\n')) ++at_;
  }

  std::string& out_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool append_compact_json(std::string& out, std::string_view text) {
  return is_valid_utf8(text) && Compactor(out, text).whole();
}

}  // namespace tailrace::capture
