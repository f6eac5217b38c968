#include "transform/event_template.hpp"

#include <algorithm>
#include <optional>

#include "core/json_writer.hpp"

namespace tailrace::transform {

namespace {

Failure syntax_error(std::string_view text) {
  return halt("template.syntax", "'" + std::string(text) +
                                     "': write placeholders as {column}, with both braces");
}

// False: there is nothing to fill in.
bool append_text(std::string& out, const Value& value) {
  switch (value.kind()) {
    case ValueKind::absent:
    case ValueKind::null:
    case ValueKind::impossible_date: return false;
    case ValueKind::boolean:
    case ValueKind::int64:
    case ValueKind::uint64:
    case ValueKind::float32:
    case ValueKind::float64: append_json_value(out, value); return true;
    case ValueKind::bytes: append_base64(out, value.as_text()); return true;
    case ValueKind::decimal:
    case ValueKind::decimal_number:
    case ValueKind::date:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::time:
    case ValueKind::string:
    case ValueKind::json: out += value.as_text(); return true;
  }
  return false;
}

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// Undoes append_json_string: the short escapes, and \u00XX for control characters.
void append_unescaped(std::string& out, std::string_view json) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\' || i + 1 == json.size()) {
      out.push_back(json[i]);
      continue;
    }
    const char c = json[++i];
    if (c == 'u' && i + 4 < json.size()) {
      out.push_back(static_cast<char>(hex_digit(json[i + 3]) * 16 + hex_digit(json[i + 4])));
      i += 4;
      continue;
    }
    constexpr std::string_view names = "ntrbf";
    constexpr std::string_view bytes = "\n\t\r\b\f";
    const std::size_t at = names.find(c);
    out.push_back(at == std::string_view::npos ? c : bytes[at]);
  }
}

void append_json_text(std::string& out, std::string_view json) {
  if (json.size() < 2 || json.front() != '"') {
    if (json != "null") out += json;
    return;
  }
  append_unescaped(out, json.substr(1, json.size() - 2));
}

std::vector<std::string> column_names(const TableSchema& table) {
  std::vector<std::string> names;
  names.reserve(table.columns.size());
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
  Template result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '}') return syntax_error(text);
    if (text[at] != '{') {
      const std::size_t end = std::min(text.find_first_of("{}", at), text.size());
      result.parts_.push_back({Part::Kind::literal, std::string(text.substr(at, end - at)), 0});
      at = end;
      continue;
    }
    const std::size_t end = text.find_first_of("{}", at + 1);
    if (end == std::string_view::npos || text[end] == '{' || end == at + 1) {
      return syntax_error(text);
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    result.parts_.push_back({Part::Kind::column, std::string(name), 0});
    at = end + 1;
  }
  return result;
}

Result<void> Template::resolve(std::span<const std::string> columns, bool shard_allowed) {
  for (Part& part : parts_) {
    if (part.kind == Part::Kind::literal) continue;
    const auto found = std::find(columns.begin(), columns.end(), part.text);
    if (found != columns.end()) {
      part.column = static_cast<std::uint32_t>(found - columns.begin());
      columns_.push_back(part.column);
    } else if (shard_allowed && part.text == "shard") {
      part.kind = Part::Kind::shard;
      uses_shard_ = true;
    } else {
      return halt("template.unknown_column", "there is no column '" + part.text + "' to fill in");
    }
  }
  std::sort(columns_.begin(), columns_.end());
  columns_.erase(std::unique(columns_.begin(), columns_.end()), columns_.end());
  return {};
}

Result<Template> Template::compile(std::string_view text, std::span<const std::string> columns) {
  TAILRACE_ASSIGN(Template result, parse(text));
  TAILRACE_TRY(result.resolve(columns, false));
  return result;
}

Result<Template> Template::compile(std::string_view text, const TableSchema& table) {
  return compile(text, column_names(table));
}

Result<Template> Template::compile_id(std::string_view text, const TableSchema& root) {
  TAILRACE_ASSIGN(Template result, parse(text));
  std::vector<std::string> key;
  for (const std::uint32_t column : root.primary_key) key.push_back(root.columns[column].name);
  TAILRACE_TRY(result.resolve(key, true));
  if (result.columns_.size() != key.size() || key.empty()) {
    return halt("template.ambiguous_id", "'" + std::string(text) + "' must name every column of " +
                                             root.id.text() + "'s primary key");
  }
  for (std::size_t i = 1; i < result.parts_.size(); ++i) {
    if (result.parts_[i - 1].kind != Part::Kind::literal &&
        result.parts_[i].kind != Part::Kind::literal) {
      return halt("template.ambiguous_id",
                  "'" + std::string(text) + "': put a separator between two placeholders");
    }
  }
  result.protect_separators();
  return result;
}

// Only what stands between placeholders can be mistaken for a part of a value. A separator outside
// ASCII protects all such bytes, so that no character of a value is cut in two.
void Template::protect_separators() {
  const auto is_placeholder = [](const Part& part) { return part.kind != Part::Kind::literal; };
  composite_ = std::count_if(parts_.begin(), parts_.end(), is_placeholder) > 1;
  const auto first = std::find_if(parts_.begin(), parts_.end(), is_placeholder);
  const auto last = std::find_if(parts_.rbegin(), parts_.rend(), is_placeholder).base();
  protected_['%'] = true;
  bool outside_ascii = false;
  for (auto part = first; part < last; ++part) {
    if (is_placeholder(*part)) continue;
    for (const char c : part->text) {
      protected_[static_cast<unsigned char>(c)] = true;
      outside_ascii |= static_cast<unsigned char>(c) >= 0x80;
    }
  }
  if (outside_ascii) std::fill(protected_.begin() + 0x80, protected_.end(), true);
}

bool Template::render(std::span<const Value> values, std::string& out) const {
  bool complete = true;
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::literal) {
      out += part.text;
    } else if (part.column >= values.size() || !append_text(out, values[part.column])) {
      complete = false;
    }
  }
  return complete;
}

void Template::append_id_part(std::string& out, std::string_view value) const {
  if (!composite_) {
    out += value;
    return;
  }
  constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (!protected_[byte]) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(hex[byte >> 4]);
    out.push_back(hex[byte & 15]);
  }
}

bool Template::render_id(std::span<const Value> key, std::string_view shard,
                         std::string& out) const {
  bool complete = true;
  std::string text;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::literal: out += part.text; break;
      case Part::Kind::shard: out += shard; break;
      case Part::Kind::column:
        text.clear();
        if (part.column >= key.size() || !append_text(text, key[part.column])) complete = false;
        append_id_part(out, text);
        break;
    }
  }
  return complete;
}

void Template::render_id(std::string_view key, std::string_view shard, std::string& out) const {
  const std::vector<std::string_view> values = split_key(key);
  std::string text;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::literal: out += part.text; break;
      case Part::Kind::shard: out += shard; break;
      case Part::Kind::column:
        text.clear();
        if (part.column < values.size()) append_json_text(text, values[part.column]);
        append_id_part(out, text);
        break;
    }
  }
}

std::vector<std::string> Template::placeholders(std::string_view text) {
  std::vector<std::string> names;
  while (true) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return names;
    names.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

}  // namespace tailrace::transform
