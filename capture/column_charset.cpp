#include "capture/column_charset.hpp"

#include "capture/binlog/charset.hpp"

namespace tailrace::capture {
namespace {

bool is_string(ColumnKind kind) {
  return kind == ColumnKind::character || kind == ColumnKind::varchar || kind == ColumnKind::text;
}
// Bytes in place of characters.
void make_binary(ColumnType& type) {
  if (type.kind == ColumnKind::character) type.kind = ColumnKind::binary;
  if (type.kind == ColumnKind::varchar) type.kind = ColumnKind::varbinary;
  if (type.kind == ColumnKind::text) type.kind = ColumnKind::blob;
  if (is_string(type.kind) || type.kind == ColumnKind::binary ||
      type.kind == ColumnKind::varbinary || type.kind == ColumnKind::blob) {
    type.charset.clear();
    type.collation.clear();
  }
}

}  // namespace

bool has_charset(ColumnKind kind) {
  return is_string(kind) || kind == ColumnKind::enumeration || kind == ColumnKind::set;
}

std::string charset_name(std::string name) { return name == "utf8" ? "utf8mb3" : name; }

std::string charset_of_collation_name(const std::string& collation, const std::string& known) {
  if (collation == "binary") return collation;
  const std::string charset = charset_name(collation.substr(0, collation.find('_')));
  const bool tells = charset_max_bytes(charset) > 1 || CharsetConverter::create(charset) != nullptr;
  return tells ? charset : known;
}

void settle_charset(ColumnType& type, const DefaultCharset& table) {
  if (!has_charset(type.kind)) return;
  if (type.charset.empty()) {
    type.charset = table.charset;
    type.collation = table.collation;
  }
  if (type.charset == "binary") make_binary(type);
}

void convert_charset(ColumnType& type, const DefaultCharset& to) {
  if (!has_charset(type.kind)) return;
  type.charset = to.charset;
  type.collation = to.collation;
  if (type.charset == "binary") make_binary(type);
}

}  // namespace tailrace::capture
