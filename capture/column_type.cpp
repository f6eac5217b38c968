#include "capture/column_type.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include "capture/column_charset.hpp"

namespace tailrace::capture {
namespace {

constexpr std::array<std::pair<std::string_view, ColumnKind>, 44> kinds{{
    {"tinyint", ColumnKind::tinyint},
    {"smallint", ColumnKind::smallint},
    {"mediumint", ColumnKind::mediumint},
    {"int", ColumnKind::integer},
    {"integer", ColumnKind::integer},
    {"bigint", ColumnKind::bigint},
    {"float", ColumnKind::float32},
    {"double", ColumnKind::float64},
    {"real", ColumnKind::float64},
    {"decimal", ColumnKind::decimal},
    {"year", ColumnKind::year},
    {"date", ColumnKind::date},
    {"datetime", ColumnKind::datetime},
    {"timestamp", ColumnKind::timestamp},
    {"time", ColumnKind::time},
    {"bit", ColumnKind::bit},
    {"char", ColumnKind::character},
    {"varchar", ColumnKind::varchar},
    {"tinytext", ColumnKind::text},
    {"text", ColumnKind::text},
    {"mediumtext", ColumnKind::text},
    {"longtext", ColumnKind::text},
    {"binary", ColumnKind::binary},
    {"varbinary", ColumnKind::varbinary},
    {"tinyblob", ColumnKind::blob},
    {"blob", ColumnKind::blob},
    {"mediumblob", ColumnKind::blob},
    {"longblob", ColumnKind::blob},
    {"enum", ColumnKind::enumeration},
    {"set", ColumnKind::set},
    {"json", ColumnKind::json},
    {"vector", ColumnKind::vector},
    {"geometry", ColumnKind::geometry},
    {"point", ColumnKind::geometry},
    {"linestring", ColumnKind::geometry},
    {"polygon", ColumnKind::geometry},
    {"multipoint", ColumnKind::geometry},
    {"multilinestring", ColumnKind::geometry},
    {"multipolygon", ColumnKind::geometry},
    {"geomcollection", ColumnKind::geometry},
    {"geometrycollection", ColumnKind::geometry},
    {"uuid", ColumnKind::uuid},
    {"inet4", ColumnKind::inet4},
    {"inet6", ColumnKind::inet6},
}};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "bit(7)" → 7.
std::uint32_t in_brackets(std::string_view column_type) {
  const std::size_t open = column_type.find('(');
  if (open == std::string_view::npos) return 0;
  return static_cast<std::uint32_t>(number(column_type.substr(open + 1)));
}

// As the server escapes them: '' for a quote, and a backslash before itself and control characters.
char unescaped(char c) {
  switch (c) {
    case '0': return '\0';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'Z': return '\x1a';
    default: return c;
  }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = std::tolower(static_cast<unsigned char>(a[i - 1])) ==
                        std::tolower(static_cast<unsigned char>(b[j - 1]));
      const std::size_t changed = corner + (same ? 0 : 1);
      corner = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> type_members(std::string_view column_type) {
  std::vector<std::string> members;
  std::size_t at = column_type.find('(');
  if (at == std::string_view::npos) return members;
  ++at;
  while (at < column_type.size() && column_type[at] == '\'') {
    std::string member;
    for (++at; at < column_type.size(); ++at) {
      const char c = column_type[at];
      const char next = at + 1 < column_type.size() ? column_type[at + 1] : '\0';
      if (c == '\'' && next != '\'') break;
      if (c == '\'') ++at;
      if (c == '\\') ++at;
      member.push_back(c == '\\' ? unescaped(next) : c);
    }
    members.push_back(std::move(member));
    ++at;                                                           // the closing quote
    if (at < column_type.size() && column_type[at] == ',') ++at;
  }
  return members;
}

std::optional<ColumnKind> column_kind(std::string_view data_type) {
  const auto* const kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) {
    return entry.first == data_type;
  });
  if (kind == kinds.end()) return std::nullopt;
  return kind->second;
}

ColumnType column_type(const ColumnWords& words) {
  ColumnType type;
  type.kind = column_kind(words.data_type).value_or(ColumnKind::unknown);
  type.is_unsigned = words.column_type.find(" unsigned") != std::string::npos;
  type.nullable = words.nullable;
  type.charset = charset_name(words.charset);
  type.collation = words.collation;
  if (type.kind == ColumnKind::decimal) {
    type.precision = static_cast<std::uint8_t>(number(words.precision));
    type.scale = static_cast<std::uint8_t>(number(words.scale));
  } else if (type.kind == ColumnKind::enumeration || type.kind == ColumnKind::set) {
    type.is_unsigned = false;  // a member may hold the word
    type.members = type_members(words.column_type);
  } else if (type.kind == ColumnKind::bit) {
    type.length = std::max(1u, in_brackets(words.column_type));
  } else if (type.kind == ColumnKind::vector) {
    type.length = in_brackets(words.column_type);
  } else if (!words.character_length.empty()) {
    const std::uint64_t length = number(words.character_length);
    type.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(length, 0xffffffffu));
  }
  type.fraction_digits = static_cast<std::uint8_t>(number(words.fraction_digits));
  return type;
}

std::optional<std::string> nearest_name(std::string_view wanted,
                                        const std::vector<std::string>& names) {
  std::optional<std::string> nearest;
  std::size_t best = wanted.size() / 2 + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(wanted, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace tailrace::capture
