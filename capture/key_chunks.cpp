#include "capture/key_chunks.hpp"

#include <algorithm>

#include "capture/binlog/text_value.hpp"

namespace tailrace::capture {
namespace {

enum class KeyForm { number, text, bytes, incomparable };

KeyForm key_form(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::tinyint:
    case ColumnKind::smallint:
    case ColumnKind::mediumint:
    case ColumnKind::integer:
    case ColumnKind::bigint:
    case ColumnKind::decimal:
    case ColumnKind::year: return KeyForm::number;
    case ColumnKind::date:
    case ColumnKind::datetime:
    case ColumnKind::timestamp:
    case ColumnKind::time:
    case ColumnKind::character:
    case ColumnKind::varchar:
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6: return KeyForm::text;
    case ColumnKind::binary:
    case ColumnKind::varbinary: return KeyForm::bytes;
    case ColumnKind::text:
    case ColumnKind::blob:
    case ColumnKind::float32:
    case ColumnKind::float64:
    case ColumnKind::bit:
    case ColumnKind::enumeration:
    case ColumnKind::set:
    case ColumnKind::json:
    case ColumnKind::geometry:
    case ColumnKind::vector:
    case ColumnKind::unknown: return KeyForm::incomparable;
  }
  return KeyForm::incomparable;
}

std::string hex_literal(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "x'";
  for (const char c : bytes) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out + "'";
}

}  // namespace

KeyChunks::KeyChunks(const CapturedTable& table, std::size_t limit)
    : schema_(*table.schema), limit_(limit), descending_(table.newest_first) {
  for (std::uint32_t i = 0; i < table.wanted.size(); ++i) {
    if (table.wanted[i]) columns_.push_back(i);
  }
  for (const std::uint32_t key : schema_.primary_key) {
    const auto at = std::find(columns_.begin(), columns_.end(), key);
    key_fields_.push_back(static_cast<std::size_t>(at - columns_.begin()));
    if (key_form(schema_.columns[key].type.kind) == KeyForm::incomparable) chunked_ = false;
  }
  if (schema_.primary_key.empty()) chunked_ = false;
}

std::string KeyChunks::select(const std::string& where) const {
  std::string sql = "SELECT ";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i != 0) sql += ", ";
    sql += select_expression(schema_.columns[columns_[i]]);
  }
  sql += " FROM " + mysql::quoted_name(schema_.id.database) + "." +
         mysql::quoted_name(schema_.id.table) + where;
  for (std::size_t i = 0; i < schema_.primary_key.size(); ++i) {
    sql += i == 0 ? " ORDER BY " : ", ";
    sql += mysql::quoted_name(schema_.columns[schema_.primary_key[i]].name);
    if (descending_) sql += " DESC";
  }
  if (chunked_) sql += " LIMIT " + std::to_string(limit_);
  return sql;
}

std::string KeyChunks::first() const { return select(""); }

std::string KeyChunks::key_literal(mysql::Connection& connection, std::uint32_t column,
                                   std::string_view text) const {
  switch (key_form(schema_.columns[column].type.kind)) {
    case KeyForm::number: return std::string(text);
    case KeyForm::bytes: return hex_literal(text);
    case KeyForm::text:
    case KeyForm::incomparable: break;
  }
  const ColumnType& type = schema_.columns[column].type;
  if (is_selected_as_bytes(type)) return "_" + type.charset + " " + hex_literal(text);
  return connection.literal(text);
}

// (a, b) > (x, y) as a > x OR (a = x AND b > y): the server reads this as ranges of the key, and a
// comparison of rows as a scan from the start.
std::string KeyChunks::after(mysql::Connection& connection,
                             std::span<const mysql::Field> last) const {
  const char* beyond = descending_ ? " < " : " > ";
  std::string where;
  std::string equal;
  for (std::size_t i = 0; i < schema_.primary_key.size(); ++i) {
    const std::uint32_t column = schema_.primary_key[i];
    const std::string name = mysql::quoted_name(schema_.columns[column].name);
    const std::string value = key_literal(connection, column, last[key_fields_[i]].value_or(""));
    where += (i == 0 ? " WHERE (" : " OR (") + equal + name + beyond + value + ")";
    equal += name + " = " + value + " AND ";
  }
  return select(where);
}

}  // namespace tailrace::capture
