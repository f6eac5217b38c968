#include "capture/key_chunks.hpp"

#include <algorithm>

#include "capture/table_select.hpp"

namespace tailrace::capture {

KeyChunks::KeyChunks(const CapturedTable& table, std::size_t limit)
    : schema_(*table.schema),
      limit_(limit),
      descending_(table.newest_first),
      columns_(columns_read(table)) {
  for (const std::uint32_t key : schema_.primary_key) {
    const auto at = std::find(columns_.begin(), columns_.end(), key);
    key_fields_.push_back(static_cast<std::size_t>(at - columns_.begin()));
    if (!has_exact_literal(schema_.columns[key].type)) chunked_ = false;
  }
  if (schema_.primary_key.empty()) chunked_ = false;
}

std::string KeyChunks::select(const std::string& where) const {
  std::string sql = select_of(schema_, columns_) + where;
  for (std::size_t i = 0; i < schema_.primary_key.size(); ++i) {
    sql += i == 0 ? " ORDER BY " : ", ";
    sql += mysql::quoted_name(schema_.columns[schema_.primary_key[i]].name);
    if (descending_) sql += " DESC";
  }
  if (chunked_) sql += " LIMIT " + std::to_string(limit_);
  return sql;
}

std::string KeyChunks::first() const { return select(""); }

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
    const std::string value =
        literal_of(connection, schema_.columns[column].type, last[key_fields_[i]].value_or(""));
    where += (i == 0 ? " WHERE (" : " OR (") + equal + name + beyond + value + ")";
    equal += name + " = " + value + " AND ";
  }
  return select(where);
}

}  // namespace tailrace::capture
