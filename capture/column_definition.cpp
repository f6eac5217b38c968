#include "capture/column_definition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "capture/column_type.hpp"

namespace tailrace::capture {
namespace {

std::uint32_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, 0xffffffffu));
}

// Words that are another type's; "long" is MEDIUMTEXT, LONG VARBINARY is read apart.
constexpr std::array<std::pair<std::string_view, std::string_view>, 19> synonyms{{
    {"int1", "tinyint"},
    {"int2", "smallint"},
    {"int3", "mediumint"},
    {"int4", "int"},
    {"int8", "bigint"},
    {"middleint", "mediumint"},
    {"dec", "decimal"},
    {"numeric", "decimal"},
    {"fixed", "decimal"},
    {"number", "decimal"},
    {"float4", "float"},
    {"float8", "double"},
    {"character", "char"},
    {"varcharacter", "varchar"},
    {"varchar2", "varchar"},
    {"raw", "varbinary"},
    {"clob", "longtext"},
    {"long", "mediumtext"},
    {"geometrycollection", "geomcollection"},
}};

std::uint32_t text_bytes(std::string_view word) {
  if (word == "tinytext" || word == "tinyblob") return 0xff;
  if (word == "mediumtext" || word == "mediumblob") return 0xffffff;
  if (word == "longtext" || word == "longblob") return 0xffffffff;
  return 0xffff;
}

class DefinitionReader {
 public:
  DefinitionReader(SqlCursor& in, bool mariadb) : in_(in), mariadb_(mariadb) {}

  std::optional<ColumnDefinition> read() {
    auto name = in_.take_name();
    if (!name) return std::nullopt;
    definition_.column.name = std::move(*name);
    if (!type()) return std::nullopt;
    while (attribute()) {
    }
    const bool over =
        in_.at_end() || in_.is_sign(',') || in_.is_sign(')') || in_.is_any({"FIRST", "AFTER"});
    if (!over) return std::nullopt;
    return std::move(definition_);
  }

 private:
  ColumnType& column_type() { return definition_.column.type; }

  // The word by which information_schema calls the type.
  std::string type_word() {
    const bool national = in_.take("NATIONAL");
    std::string word = in_.take_lower();
    if (national || word == "nchar" || word == "nvarchar") {
      column_type().charset = "utf8mb3";
      if (word.starts_with('n')) word.erase(0, 1);
    }
    const bool varying = (word == "char" || word == "character") && in_.take("VARYING");
    if (varying) return "varchar";
    if (word == "double") in_.take("PRECISION");
    if (word == "long") {
      if (in_.take("VARBINARY")) return "mediumblob";
      if (in_.take_any({"CHAR", "CHARACTER"})) in_.take("VARYING");
      in_.take_any({"VARCHAR", "VARCHARACTER"});
    }
    for (const auto& [synonym, meaning] : synonyms) {
      if (word == synonym) return std::string(meaning);
    }
    return word;
  }

  bool type() {
    if (!in_.token().may_be_name()) return false;
    const std::string word = type_word();
    ColumnType& type = column_type();
    if (word == "bool" || word == "boolean") {
      type.kind = ColumnKind::tinyint;
      return true;
    }
    if (word == "serial") {
      type.kind = ColumnKind::bigint;
      type.is_unsigned = true;
      type.nullable = false;
      return true;
    }
    const auto kind = column_kind(word);
    if (!kind) return false;
    type.kind = *kind;
    if (type.kind == ColumnKind::json && mariadb_) {  // LONGTEXT with a check
      type.charset = "utf8mb4";
      type.length = text_bytes("longtext");
    }
    if (type.kind == ColumnKind::enumeration || type.kind == ColumnKind::set) return members();
    return sizes(word);
  }

  bool members() {
    if (!in_.take_sign('(')) return false;
    while (in_.token().kind == SqlTokenKind::text) {
      column_type().members.push_back(in_.token().text);
      in_.advance();
      while (column_type().members.back().ends_with(' ')) column_type().members.back().pop_back();
      in_.take_sign(',');
    }
    return in_.take_sign(')');
  }

  // (n), (precision, scale)
  bool sizes(const std::string& word) {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    const bool given = in_.take_sign('(');
    if (given) {
      first = number(in_.token().text);
      in_.advance();
      if (in_.take_sign(',')) {
        second = number(in_.token().text);
        in_.advance();
      }
      if (!in_.take_sign(')')) return false;
    }
    take_sizes(word, given ? std::optional(first) : std::nullopt, second);
    return true;
  }

  void take_sizes(const std::string& word, std::optional<std::uint32_t> first,
                  std::uint32_t second) {
    ColumnType& type = column_type();
    switch (type.kind) {
      case ColumnKind::decimal:
        type.precision = static_cast<std::uint8_t>(first.value_or(0) == 0 ? 10 : *first);
        type.scale = static_cast<std::uint8_t>(second);
        return;
      case ColumnKind::datetime:
      case ColumnKind::timestamp:
      case ColumnKind::time:
        type.fraction_digits = static_cast<std::uint8_t>(first.value_or(0));
        return;
      case ColumnKind::bit:
        type.length = std::max(1u, first.value_or(1));
        return;
      case ColumnKind::character:
      case ColumnKind::binary:
        type.length = first.value_or(1);
        return;
      case ColumnKind::varchar:
      case ColumnKind::varbinary:
        type.length = first.value_or(1);
        return;
      case ColumnKind::vector:
        type.length = first.value_or(2048);
        return;
      case ColumnKind::text:
      case ColumnKind::blob:
        type.length = text_bytes(word);
        return;
      case ColumnKind::float32:
        if (first && *first > 24 && second == 0) type.kind = ColumnKind::float64;
        return;
      case ColumnKind::tinyint:
      case ColumnKind::smallint:
      case ColumnKind::mediumint:
      case ColumnKind::integer:
      case ColumnKind::bigint:
      case ColumnKind::float64:
      case ColumnKind::year:
      case ColumnKind::date:
      case ColumnKind::enumeration:
      case ColumnKind::set:
      case ColumnKind::json:
      case ColumnKind::geometry:
      case ColumnKind::uuid:
      case ColumnKind::inet4:
      case ColumnKind::inet6:
      case ColumnKind::unknown:
        return;
    }
  }

  bool attribute() { return charset_attribute() || key_attribute() || other_attribute(); }

  bool charset_attribute() {
    ColumnType& type = column_type();
    if (in_.take("CHARSET") || (in_.is_any({"CHARACTER", "CHAR"}) && character_set())) {
      in_.take_sign('=');
      return type.charset = charset_name(in_.take_lower()), true;
    }
    if (in_.take("COLLATE")) {
      in_.take_sign('=');
      type.collation = in_.take_lower();
      if (has_charset(type.kind)) {
        type.charset = charset_of_collation_name(type.collation, type.charset);
      }
      return true;
    }
    if (in_.take("ASCII")) return type.charset = "latin1", true;
    if (in_.take("UNICODE")) return type.charset = "ucs2", true;
    if (in_.take("BYTE")) return type.charset = "binary", true;
    return in_.take("BINARY");  // the binary collation of its character set
  }
  bool character_set() {
    in_.advance();
    return in_.take("SET");
  }

  bool key_attribute() {
    if (in_.take("PRIMARY")) {
      in_.take("KEY");
      return primary(), true;
    }
    if (in_.take("UNIQUE")) return in_.take("KEY"), true;
    if (in_.take("KEY")) return primary(), true;
    if (in_.take("NOT")) {
      if (in_.take("NULL")) return column_type().nullable = false, true;
      return in_.take_any({"ENFORCED", "SECONDARY", "VISIBLE"});
    }
    return in_.take("NULL");
  }
  void primary() {
    definition_.primary_key = true;
    column_type().nullable = false;
  }

  bool other_attribute() {
    if (in_.take("UNSIGNED") || in_.take("ZEROFILL")) return column_type().is_unsigned = true, true;
    if (in_.take_any({"SIGNED", "AUTO_INCREMENT", "VISIBLE", "INVISIBLE", "VIRTUAL", "STORED",
                      "PERSISTENT", "ENFORCED"})) {
      return true;
    }
    if (in_.take("SERIAL")) {  // DEFAULT VALUE
      in_.take("DEFAULT");
      column_type().nullable = false;
      return in_.take("VALUE");
    }
    if (in_.take_any({"COMMENT", "COLUMN_FORMAT", "STORAGE", "SRID", "REF_SYSTEM_ID",
                      "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"})) {
      in_.take_sign('=');
      return value(), true;
    }
    if (in_.take("COMPRESSED")) {  // MariaDB
      if (in_.take_sign('=')) in_.advance();
      return true;
    }
    return expression_attribute();
  }

  bool expression_attribute() {
    if (in_.take("DEFAULT")) return value(), true;
    if (in_.take("ON")) return in_.take("UPDATE") && (value(), true);
    if (in_.take("GENERATED")) {
      in_.take_any({"ALWAYS", "BY"});
      if (!in_.take("AS")) return false;
      if (in_.take("ROW")) return in_.take_any({"START", "END"});  // MariaDB's versioned tables
      return in_.is_sign('(') && (in_.skip_brackets(), true);
    }
    if (in_.take("AS")) return in_.is_sign('(') && (in_.skip_brackets(), true);
    if (in_.take("CONSTRAINT")) {
      if (!in_.is_any({"CHECK", "REFERENCES"})) in_.advance();
      return in_.is_any({"CHECK", "REFERENCES"});
    }
    if (in_.take("CHECK")) return check();
    if (in_.take("REFERENCES")) return references();
    if (in_.take("USING")) return in_.advance(), true;
    return (in_.take("WITH") || in_.take("WITHOUT")) && in_.take("SYSTEM") &&
           in_.take("VERSIONING");
  }

  // MariaDB's JSON is LONGTEXT CHECK (json_valid(`column`)).
  bool check() {
    if (!in_.take_sign('(')) return false;
    std::size_t open = 1;
    bool json = in_.take("JSON_VALID");
    if (json && in_.take_sign('(')) {
      ++open;
      json = in_.take_name() == definition_.column.name && in_.take_sign(')');
      if (json) --open;
    }
    json = json && in_.is_sign(')');
    skip_open_brackets(open);
    if (json && column_type().kind == ColumnKind::text) column_type().kind = ColumnKind::json;
    return true;
  }
  void skip_open_brackets(std::size_t depth) {
    while (depth > 0 && !in_.at_end()) {
      if (in_.is_sign('(')) ++depth;
      if (in_.is_sign(')')) --depth;
      in_.advance();
    }
  }

  bool references() {
    in_.take_table("");
    if (in_.is_sign('(')) in_.skip_brackets();
    while (in_.take_any({"MATCH", "ON"})) {
      if (in_.take_any({"FULL", "PARTIAL", "SIMPLE"})) continue;
      in_.take_any({"DELETE", "UPDATE"});
      if (in_.take("SET")) in_.take_any({"NULL", "DEFAULT"});
      if (in_.take("NO")) in_.take("ACTION");
      in_.take_any({"CASCADE", "RESTRICT"});
    }
    return true;
  }

  // A literal, a signed number, (an expression), now(6), _utf8mb4'text', x'00'.
  void value() {
    if (in_.is_sign('(')) return in_.skip_brackets();
    if (in_.is_sign('-') || in_.is_sign('+')) in_.advance();
    const bool may_prefix = in_.token().kind == SqlTokenKind::word;
    in_.advance();
    if (in_.take_sign('.')) in_.advance();  // 1.5: words and a sign
    if (may_prefix && in_.token().kind == SqlTokenKind::text) in_.advance();
    while (in_.token().kind == SqlTokenKind::text) in_.advance();  // 'a' 'b'
    if (in_.is_sign('(')) in_.skip_brackets();
    while (in_.is_sign('+') || in_.is_sign('-')) {  // 1e-5: the exponent is a word of its own
      in_.advance();
      in_.advance();
    }
  }

  SqlCursor& in_;
  bool mariadb_;
  ColumnDefinition definition_;
};

}  // namespace

std::optional<ColumnDefinition> read_column_definition(SqlCursor& in, bool mariadb) {
  return DefinitionReader(in, mariadb).read();
}

bool take_charset_option(SqlCursor& in, DefaultCharset& charset) {
  in.take("DEFAULT");
  if (in.take("CHARSET") || (in.take_any({"CHARACTER", "CHAR"}) && in.take("SET"))) {
    in.take_sign('=');
    charset = {charset_name(in.take_lower()), ""};
    return true;
  }
  if (!in.take("COLLATE")) return false;
  in.take_sign('=');
  charset.collation = in.take_lower();
  charset.charset = charset_of_collation_name(charset.collation, charset.charset);
  return true;
}

}  // namespace tailrace::capture
