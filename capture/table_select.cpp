#include "capture/table_select.hpp"

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
    case ColumnKind::year:
      return KeyForm::number;
    case ColumnKind::date:
    case ColumnKind::datetime:
    case ColumnKind::timestamp:
    case ColumnKind::time:
    case ColumnKind::character:
    case ColumnKind::varchar:
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6:
      return KeyForm::text;
    case ColumnKind::binary:
    case ColumnKind::varbinary:
      return KeyForm::bytes;
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
    case ColumnKind::unknown:
      return KeyForm::incomparable;
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

std::vector<std::uint32_t> columns_read(const CapturedTable& table) {
  std::vector<std::uint32_t> columns;
  for (std::uint32_t i = 0; i < table.wanted.size(); ++i) {
    if (table.wanted[i]) columns.push_back(i);
  }
  return columns;
}

std::string select_of(const TableSchema& schema, std::span<const std::uint32_t> columns) {
  std::string sql = "SELECT ";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) sql += ", ";
    sql += select_expression(schema.columns[columns[i]]);
  }
  return sql + " FROM " + mysql::quoted_name(schema.id.database) + "." +
         mysql::quoted_name(schema.id.table);
}

bool has_exact_literal(const ColumnType& type) {
  return key_form(type.kind) != KeyForm::incomparable;
}

std::string literal_of(mysql::Connection& connection, const ColumnType& type,
                       std::string_view text) {
  switch (key_form(type.kind)) {
    case KeyForm::number:
      return std::string(text);
    case KeyForm::bytes:
      return hex_literal(text);
    case KeyForm::text:
    case KeyForm::incomparable:
      break;
  }
  if (is_selected_as_bytes(type)) return "_" + type.charset + " " + hex_literal(text);
  return connection.literal(text);
}

Result<void> add_selected(SnapshotRows& rows, const TableSchema& schema,
                          std::span<const std::uint32_t> columns,
                          std::span<const mysql::Field> fields) {
  const std::span<Value> values = rows.add_row();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!fields[i]) {
      values[columns[i]] = Value::null();
      continue;
    }
    bytes += fields[i]->size();
    // The field is the library's until the next row.
    const std::string_view text = rows.arena().copy(*fields[i]);
    TAILRACE_ASSIGN(values[columns[i]],
                    value_from_field(schema.columns[columns[i]].type, text, rows.arena()));
  }
  rows.count_bytes(bytes);
  return {};
}

}  // namespace tailrace::capture
