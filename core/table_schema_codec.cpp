#include "core/table_schema_codec.hpp"

namespace tailrace {
namespace {

void append_column(std::string& out, const Column& column) {
  const ColumnType& type = column.type;
  append_sized(out, column.name);
  out.push_back(static_cast<char>(type.kind));
  out.push_back(static_cast<char>((type.is_unsigned ? 1 : 0) | (type.nullable ? 2 : 0) |
                                  (type.as_boolean ? 4 : 0) | (type.decimal_as_number ? 8 : 0)));
  append_varint(out, type.length);
  out.push_back(static_cast<char>(type.precision));
  out.push_back(static_cast<char>(type.scale));
  out.push_back(static_cast<char>(type.fraction_digits));
  append_sized(out, type.charset);
  append_sized(out, type.collation);
  append_varint(out, type.members.size());
  for (const std::string& member : type.members) append_sized(out, member);
}

Column read_column(ByteReader& in) {
  Column column;
  ColumnType& type = column.type;
  column.name = in.sized();
  type.kind = static_cast<ColumnKind>(in.byte());
  const std::uint8_t flags = in.byte();
  type.is_unsigned = (flags & 1) != 0;
  type.nullable = (flags & 2) != 0;
  type.as_boolean = (flags & 4) != 0;
  type.decimal_as_number = (flags & 8) != 0;
  type.length = static_cast<std::uint32_t>(in.varint());
  type.precision = in.byte();
  type.scale = in.byte();
  type.fraction_digits = in.byte();
  type.charset = in.sized();
  type.collation = in.sized();
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) type.members.emplace_back(in.sized());
  return column;
}

}  // namespace

void append_schema(std::string& out, const TableSchema& schema) {
  append_sized(out, schema.id.database);
  append_sized(out, schema.id.table);
  append_varint(out, schema.columns.size());
  for (const Column& column : schema.columns) append_column(out, column);
  append_varint(out, schema.primary_key.size());
  for (const std::uint32_t column : schema.primary_key) append_varint(out, column);
}

TableSchema read_schema(ByteReader& in) {
  TableSchema schema;
  schema.id.database = in.sized();
  schema.id.table = in.sized();
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    schema.columns.push_back(read_column(in));
  }
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    schema.primary_key.push_back(static_cast<std::uint32_t>(in.varint()));
  }
  return schema;
}

}  // namespace tailrace
