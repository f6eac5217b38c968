#include "transform/projection/document_id.hpp"

#include <algorithm>

#include "core/json_writer.hpp"

namespace tailrace::transform {

namespace {

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else {  // our own writer escapes only control characters
    out.push_back(static_cast<char>(0xc0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// Undoes append_json_string; numbers and booleans stay as they are.
std::string plain_text(std::string_view json) {
  if (json.size() < 2 || json.front() != '"') return std::string(json);
  json = json.substr(1, json.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\' || i + 1 == json.size()) {
      out.push_back(json[i]);
      continue;
    }
    const char c = json[++i];
    switch (c) {
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'u':
        append_utf8(out, static_cast<unsigned>(
                             std::stoul(std::string(json.substr(i + 1, 4)), nullptr, 16)));
        i += 4;
        break;
      default:
        out.push_back(c);
        break;
    }
  }
  return out;
}

void append_encoded(std::string& out, std::string_view text, std::string_view reserved) {
  constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (reserved.find(c) == std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(hex[byte >> 4]);
    out.push_back(hex[byte & 15]);
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Undoes append_encoded; nullopt: it would not have written this.
std::optional<std::string> decoded(std::string_view text, std::string_view reserved) {
  if (reserved.empty()) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (reserved.find(text[i]) != std::string_view::npos) return std::nullopt;
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace

DocumentId::DocumentId(std::string_view text, const std::vector<std::string>& key_columns) {
  first_column_ = text.find("{shard}") == std::string_view::npos ? 0 : 1;
  columns_ = key_columns.size();
  std::string literal;    // since the last part
  std::string separator;  // since the last placeholder
  int placeholders = 0;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    literal.append(text.substr(0, open));
    separator.append(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    if (placeholders++ > 0) reserved_ += separator;
    separator.clear();
    const auto at = std::find(key_columns.begin(), key_columns.end(), name);
    const bool is_shard = name == "shard";
    const int column = is_shard ? 0 : first_column_ + static_cast<int>(at - key_columns.begin());
    parts_.push_back({literal, column, !is_shard});
    literal.clear();
  }
  if (!literal.empty()) parts_.push_back({literal, -1, true});
  if (placeholders > 1) reserved_ += '%';
}

std::string DocumentId::of(std::string_view root_key) const {
  const auto key = split_key(root_key);
  std::string out;
  for (const Part& part : parts_) {
    out += part.literal;
    if (part.column < 0 || static_cast<std::size_t>(part.column) >= key.size()) continue;
    append_encoded(out, plain_text(key[static_cast<std::size_t>(part.column)]),
                   part.encoded ? std::string_view(reserved_) : std::string_view());
  }
  return out;
}

std::optional<std::vector<std::string>> DocumentId::key_texts(std::string_view id,
                                                              std::string_view shard) const {
  std::vector<std::string> texts(columns_);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (!id.starts_with(part.literal)) return std::nullopt;
    id.remove_prefix(part.literal.size());
    if (part.column < 0) continue;
    const bool is_shard = !part.encoded;
    if (is_shard && !id.starts_with(shard)) return std::nullopt;
    // What separates two values is in neither of them; what ends the id may be.
    const bool last = i + 1 == parts_.size() || parts_[i + 1].column < 0;
    const std::size_t tail = last && i + 1 < parts_.size() ? parts_[i + 1].literal.size() : 0;
    std::size_t size =
        last ? id.size() - std::min(id.size(), tail) : id.find(parts_[i + 1].literal);
    if (is_shard) size = shard.size();
    if (size == std::string_view::npos || (size == 0 && !is_shard)) return std::nullopt;
    if (!is_shard) {
      auto text = decoded(id.substr(0, size), reserved_);
      if (!text) return std::nullopt;
      texts[static_cast<std::size_t>(part.column - first_column_)] = std::move(*text);
    }
    id.remove_prefix(size);
  }
  if (!id.empty()) return std::nullopt;
  return texts;
}

}  // namespace tailrace::transform
