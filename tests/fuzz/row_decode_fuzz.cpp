// A TABLE_MAP and row events of its table, so that every byte is about columns. Input: flags, the
// TABLE_MAP's body as a piece, the type of the row events, then their bodies as pieces.
// Whatever is decoded must hold what its kind promises: valid UTF-8, valid JSON, digits.
#include <string>
#include <string_view>
#include <vector>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/json_text.hpp"
#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/table_maps.hpp"
#include "core/json_writer.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

constexpr std::uint8_t of_mariadb = 0x1, with_hidden_types = 0x2, as_numbers = 0x4,
                       every_other = 0x8;

// What the catalogue of MariaDB tells of columns whose type TABLE_MAP hides.
ColumnKind hidden_kind(const TableMapColumn& wire, std::size_t index) {
  constexpr ColumnKind kinds[] = {ColumnKind::uuid, ColumnKind::inet4, ColumnKind::inet6,
                                  ColumnKind::json, ColumnKind::vector};
  const ColumnKind kind = kinds[index % std::size(kinds)];
  return hides(kind, wire) ? kind : ColumnKind::unknown;
}

TableSchema told_schema(const TableMap& map, std::uint8_t flags) {
  TableSchema schema = make_schema(map);
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    ColumnType& type = schema.columns[i].type;
    if ((flags & as_numbers) != 0) {
      type.decimal_as_number = type.kind == ColumnKind::decimal;
      type.as_boolean = type.kind == ColumnKind::tinyint;
    }
    if ((flags & with_hidden_types) == 0) continue;
    const ColumnKind kind = hidden_kind(map.columns[i], i);
    if (kind != ColumnKind::unknown) type.kind = kind;
  }
  return schema;
}

Result<std::shared_ptr<const TableLayout>> bind(const TableMap& map, std::uint8_t flags) {
  std::vector<bool> wanted;
  if ((flags & every_other) != 0) {
    for (std::size_t i = 0; i < map.columns.size(); ++i) wanted.push_back(i % 2 == 0);
  }
  return TableLayout::compile(map, std::make_shared<const TableSchema>(told_schema(map, flags)),
                              wanted);
}

void check_value(const Value& value) {
  std::string json;
  append_json_value(json, value);
  std::string compact;
  TAILRACE_ASSERT(append_compact_json(compact, json));
  switch (value.kind()) {
    case ValueKind::string:
      TAILRACE_ASSERT(is_valid_utf8(value.as_text()));
      return;
    case ValueKind::json:
      TAILRACE_ASSERT(compact == value.as_text());
      return;
    case ValueKind::decimal:
    case ValueKind::decimal_number:
      TAILRACE_ASSERT(value.as_text().find_first_not_of("-.0123456789") == std::string_view::npos);
      return;
    default:
      return;
  }
}

void decode(std::string_view body, EventType type, const FormatDescription& format,
            const TableMaps::Entry& entry) {
  EventView event;
  event.header.type = type;
  event.body = body;
  const auto rows = parse_rows(event, format);
  if (!rows) return;
  Arena arena;
  RowDecoder decoder(*entry.layout, *rows, arena);
  std::vector<Value> before(entry.layout->schema().columns.size());
  std::vector<Value> after(before.size());
  while (true) {
    const auto more = decoder.next(before, after);
    if (!more || !*more) return;
    for (const Value& value : rows->op == RowOp::insert ? after : before) check_value(value);
    if (rows->op == RowOp::update) {
      for (const Value& value : after) check_value(value);
    }
    arena.reset();
  }
}

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const std::uint8_t flags = input.byte();
  FormatDescription format;
  format.mariadb = (flags & of_mariadb) != 0;
  TableMaps maps([flags](const TableMap& map) { return bind(map, flags); });
  EventView event;
  event.header.type = EventType::table_map;
  event.body = input.piece();
  const auto entry = maps.add(event, format);
  if (!entry) return;
  const auto type = static_cast<EventType>(input.byte());
  for (int i = 0; i < 8 && !input.rest().empty(); ++i) decode(input.piece(), type, format, **entry);
}

}  // namespace

TAILRACE_FUZZ_TARGET(row_decode, run)
