#include "capture/binlog/table_map_names.hpp"

#include "capture/binlog/charset.hpp"
#include "capture/binlog/table_map_metadata.hpp"

namespace tailrace::capture {
namespace {

constexpr std::uint32_t utf8mb4_collation = 45;
constexpr std::uint32_t most_collations = 2048;

void append_lenenc(std::string& out, std::uint64_t number) {
  if (number < 251) {
    out.push_back(static_cast<char>(number));
    return;
  }
  const bool wide = number > 0xffff;
  out.push_back(wide ? '\xfd' : '\xfc');
  for (int i = 0; i < (wide ? 3 : 2); ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

void append_text(std::string& out, std::string_view text) {
  append_lenenc(out, text.size());
  out += text;
}

void append_field(std::string& out, MetadataField field, const std::string& value) {
  if (value.empty()) return;
  out.push_back(static_cast<char>(field));
  append_text(out, value);
}

// A collation of the character set: which one does not matter for decoding.
std::uint32_t some_collation(std::string_view charset) {
  for (std::uint32_t id = 1; id < most_collations; ++id) {
    if (charset_of_collation(id) == charset) return id;
  }
  return 0;
}

std::uint32_t collation_of(const ColumnType& type) {
  const bool bytes = type.kind == ColumnKind::binary || type.kind == ColumnKind::varbinary ||
                     type.kind == ColumnKind::blob;
  return some_collation(bytes ? "binary" : type.charset);
}

class MetadataWriter {
 public:
  MetadataWriter(const TableMap& map, const TableSchema& schema, bool mariadb)
      : map_(map), schema_(schema), mariadb_(mariadb) {}

  std::string run() const {
    std::string out;
    append_field(out, MetadataField::signedness, signs());
    append_field(out, MetadataField::column_charset, charsets());
    append_field(out, MetadataField::column_name, names());
    append_field(out, MetadataField::set_members, members(WireType::set));
    append_field(out, MetadataField::enum_members, members(WireType::enumeration));
    append_field(out, MetadataField::enum_and_set_column_charset, choice_charsets());
    append_field(out, MetadataField::simple_primary_key, primary_key());
    return out;
  }

 private:
  const ColumnType& type(std::size_t i) const { return schema_.columns[i].type; }

  std::string signs() const {
    std::string bits;
    std::size_t count = 0;
    for (std::size_t i = 0; i < map_.columns.size(); ++i) {
      if (!is_numeric_in_metadata(map_.columns[i].type)) continue;
      if (map_.columns[i].is_unsigned) return {};  // the event says them
      if (count % 8 == 0) bits.push_back('\0');
      const unsigned bit = type(i).is_unsigned ? 0x80u >> (count % 8) : 0u;
      bits.back() = static_cast<char>(static_cast<unsigned char>(bits.back()) | bit);
      ++count;
    }
    return bits;
  }

  std::string charsets() const {
    std::string out;
    for (std::size_t i = 0; i < map_.columns.size(); ++i) {
      if (!has_charset_in_metadata(map_.columns[i].type, mariadb_)) continue;
      if (map_.columns[i].collation) return {};
      append_lenenc(out, collation_of(type(i)));
    }
    return out;
  }

  std::string names() const {
    std::string out;
    for (const Column& column : schema_.columns) append_text(out, column.name);
    return out;
  }

  std::string members(WireType wire) const {
    std::string out;
    for (std::size_t i = 0; i < map_.columns.size(); ++i) {
      if (map_.columns[i].type != wire) continue;
      append_lenenc(out, type(i).members.size());
      for (const std::string& member : type(i).members) append_text(out, member);
    }
    return out;
  }

  // The members above are UTF-8.
  std::string choice_charsets() const {
    std::string out;
    for (const TableMapColumn& column : map_.columns) {
      if (column.type == WireType::set || column.type == WireType::enumeration) {
        append_lenenc(out, utf8mb4_collation);
      }
    }
    return out;
  }

  std::string primary_key() const {
    std::string out;
    for (const std::uint32_t column : schema_.primary_key) append_lenenc(out, column);
    return out;
  }

  const TableMap& map_;
  const TableSchema& schema_;
  const bool mariadb_;
};

}  // namespace

std::string with_metadata(std::string_view body, const TableMap& map, const TableSchema& schema,
                          bool mariadb) {
  return std::string(body) + MetadataWriter(map, schema, mariadb).run();
}

}  // namespace tailrace::capture
