#include "app/admin/request_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tailrace::app {
namespace {

bool is_token_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte <= 0x20 || byte >= 0x7f) return false;
  return std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

HttpProblem bad(std::string detail) {
  return {400, "http.malformed", std::move(detail), "send an HTTP/1.1 request"};
}

class HeadCheck {
 public:
  explicit HeadCheck(const HeadLimits& limits) : limits_(limits) {}

  std::optional<HttpProblem> request_line(std::string_view line) {
    if (line.size() > limits_.line_bytes) {
      return HttpProblem{414, "http.uri_too_long", "the request line is too long", ""};
    }
    for (const char c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
        return bad("the request line holds a byte that must be percent-encoded");
      }
    }
    const auto spaces = std::count(line.begin(), line.end(), ' ');
    is_11_ = line.ends_with(" HTTP/1.1");
    if (spaces != 2 || !(is_11_ || line.ends_with(" HTTP/1.0"))) return bad("not a request line");
    return std::nullopt;
  }

  // Sets `keep` to whether the parser should see the line.
  std::optional<HttpProblem> field(std::string_view line, bool& keep) {
    if (line.size() > limits_.line_bytes) {
      return HttpProblem{431, "http.header_too_large", "a header line is too long", ""};
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return bad("a header line without a name");
    const std::string_view name = line.substr(0, colon);
    if (!std::all_of(name.begin(), name.end(), is_token_char))
      return bad("a malformed header name");
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(), is_control)) {
      return bad("a header value holds a control character");
    }
    const std::string key = lower(name);
    keep = key != "range" && key != "expect";
    if (key == "host") ++hosts_;
    if (key == "authorization") ++authorizations_;
    if (key == "transfer-encoding") has_encoding_ = true;
    if (key == "content-length") return length(value);
    return std::nullopt;
  }

  std::optional<HttpProblem> whole() const {
    if (hosts_ > 1 || (hosts_ == 0 && is_11_)) return bad("exactly one Host header is needed");
    if (authorizations_ > 1) return bad("more than one Authorization header");
    if (lengths_ > 1) return bad("more than one Content-Length header");
    if (lengths_ > 0 && has_encoding_) {
      return bad("Content-Length and Transfer-Encoding exclude each other");
    }
    return std::nullopt;
  }

 private:
  std::optional<HttpProblem> length(std::string_view value) {
    ++lengths_;
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
    if (error == std::errc::result_out_of_range ||
        (error == std::errc() && bytes > limits_.body_bytes)) {
      return HttpProblem{413, "http.body_too_large",
                         fmt::format("a body has at most {} bytes", limits_.body_bytes), ""};
    }
    if (error != std::errc() || end != value.data() + value.size()) return bad("not a length");
    return std::nullopt;
  }

  const HeadLimits& limits_;
  int hosts_ = 0;
  int lengths_ = 0;
  int authorizations_ = 0;
  bool has_encoding_ = false;
  bool is_11_ = false;
};

}  // namespace

std::optional<std::size_t> head_length(std::string_view received) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

std::optional<HttpProblem> clean_head(std::string& head, const HeadLimits& limits) {
  HeadCheck check(limits);
  std::string cleaned;
  cleaned.reserve(head.size());
  std::string_view rest = head;
  for (bool is_first = true; !rest.starts_with("\r\n"); is_first = false) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return bad("the head is not complete");
    const std::string_view line = rest.substr(0, end);
    bool keep = true;
    auto problem = is_first ? check.request_line(line) : check.field(line, keep);
    if (problem) return problem;
    if (keep) cleaned.append(rest.substr(0, end + 2));
    rest.remove_prefix(end + 2);
  }
  if (cleaned.empty()) return bad("an empty line in place of a request line");
  cleaned += "\r\n";
  if (auto problem = check.whole()) return problem;
  head = std::move(cleaned);
  return std::nullopt;
}

}  // namespace tailrace::app
