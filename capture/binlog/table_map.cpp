#include "capture/binlog/table_map.hpp"

#include <bit>

#include "capture/binlog/table_map_metadata.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

// Of MySQL and MariaDB. Each takes memory of ours, so a forged count must not be believed.
constexpr std::uint64_t most_columns = 4096;

// Bytes of metadata per type, as each Field::save_field_metadata writes them.
std::size_t meta_bytes(WireType type) {
  using enum WireType;
  switch (type) {
    case float32: case float64: case tiny_blob: case medium_blob: case long_blob: case blob:
    case geometry: case json: case vector: case timestamp2: case datetime2: case time2:
    case mariadb_blob_compressed:
      return 1;
    case varchar: case bit: case newdecimal: case string: case enumeration: case set:
    case var_string: case mariadb_varchar_compressed:
      return 2;
    case decimal: case tiny: case small: case integer: case null: case timestamp: case bigint:
    case medium: case date: case time: case datetime: case year: case newdate: case typed_array:
      return 0;
  }
  return 0;
}

// STRING hides ENUM and SET in its first byte; lengths over 255 borrow two bits of it, inverted.
void resolve_string(TableMapColumn& column, std::uint8_t first, std::uint8_t second) {
  const auto real = static_cast<WireType>(first);
  if (real == WireType::enumeration || real == WireType::set) {
    column.type = real;
    column.meta = second;
  } else if ((first & 0x30) != 0x30) {
    column.type = static_cast<WireType>(first | 0x30);
    column.meta = static_cast<std::uint16_t>(second | ((first & 0x30) ^ 0x30) << 4);
  } else {
    column.meta = second;
  }
}

void read_column_meta(WireReader& in, TableMapColumn& column) {
  if (column.type == WireType::typed_array) {  // hidden; its element type and that one's metadata
    const auto element = static_cast<WireType>(in.u8());
    in.take(meta_bytes(element));
    return;
  }
  if (meta_bytes(column.type) == 1) {
    column.meta = in.u8();
    return;
  }
  if (meta_bytes(column.type) == 0) return;
  const std::uint8_t first = in.u8();
  const std::uint8_t second = in.u8();
  switch (column.type) {
    case WireType::string: resolve_string(column, first, second); return;
    case WireType::enumeration:
    case WireType::set: column.meta = second; return;
    case WireType::bit: column.meta = static_cast<std::uint16_t>(first + second * 8); return;
    default: column.meta = static_cast<std::uint16_t>(first | second << 8); return;
  }
}

Result<void> read_columns(const EventView& event, WireReader& in, TableMap& map) {
  const std::uint64_t count = in.lenenc();
  if (count > most_columns) return corrupt_event(event, "more columns than a table can have");
  const std::string_view types = in.take(count);
  WireReader meta(in.sized());
  const std::string_view nullable = in.take((count + 7) / 8);
  if (!in.ok()) return corrupt_event(event, "its column list is cut off");
  map.columns.resize(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    TableMapColumn& column = map.columns[i];
    column.type = static_cast<WireType>(static_cast<std::uint8_t>(types[i]));
    column.nullable = bit_set(nullable, i);
    read_column_meta(meta, column);
  }
  if (!meta.ok()) return corrupt_event(event, "its column metadata is cut off");
  return {};
}

}  // namespace

Result<std::uint64_t> parse_table_id(const EventView& event, const FormatDescription& format) {
  const std::size_t size = format.table_id_bytes(event.header.type);
  if (event.body.size() < size) return corrupt_event(event, "too short");
  return little_endian(event.body.data(), size);
}

Result<TableMap> parse_table_map(const EventView& event, const FormatDescription& format) {
  WireReader in(event.body);
  TableMap map;
  map.table_id = in.integer(format.table_id_bytes(event.header.type));
  map.flags = in.u16();
  map.id.database = in.terminated(in.u8());
  map.id.table = in.terminated(in.u8());
  if (!in.ok()) return corrupt_event(event, "its names are cut off");
  TAILRACE_TRY(read_columns(event, in, map));
  if (!read_table_metadata(in.rest(), format.mariadb, map)) {
    return corrupt_event(event, "its optional metadata is cut off or contradicts its columns");
  }
  return map;
}

}  // namespace tailrace::capture
