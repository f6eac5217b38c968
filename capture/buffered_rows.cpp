#include "capture/buffered_rows.hpp"

#include <algorithm>

#include "capture/binlog/wire_reader.hpp"
#include "capture/set_global.hpp"

namespace tailrace::capture {
namespace {

// Rows handed out at a time: few enough that their values stay in the processor's cache.
std::size_t batch_rows(std::size_t columns) {
  return std::clamp<std::size_t>(8192 / std::max<std::size_t>(columns, 1), 8, 256);
}

bool all_set(std::string_view bits, std::size_t count) {
  const std::size_t whole = count / 8;
  for (std::size_t i = 0; i < whole; ++i) {
    if (static_cast<std::uint8_t>(bits[i]) != 0xff) return false;
  }
  const auto mask = static_cast<std::uint8_t>((1u << (count % 8)) - 1);
  return mask == 0 || (static_cast<std::uint8_t>(bits[whole]) & mask) == mask;
}

// Every column in use must be in the image: what a partial one leaves out cannot be known.
Result<void> check_image(const TableLayout& layout, const RowsEvent& event, std::string_view bits,
                         bool mariadb) {
  if (bits.empty()) return {};
  const auto& columns = layout.columns();
  if (event.width == columns.size() && all_set(bits, event.width)) return {};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].target == CompiledColumn::not_wanted) continue;
    if (i < event.width && bit_set(bits, i)) continue;
    return halt("source.row_image",
                "a row change of " + layout.schema().id.text() + " at offset " +
                    std::to_string(event.offset) + " was logged without column '" +
                    layout.schema().columns[columns[i].target].name +
                    "' (binlog_row_image was not FULL in that session); run: " +
                    set_global(mariadb, "binlog_row_image = 'FULL'") +
                    ", then start over with a new first load");
  }
  return {};
}

// The schema with the types that the binlog tells where they differ; how values are shown stays.
std::shared_ptr<const TableSchema> with_types_of(const TableMap& map, const TableSchema& schema) {
  const TableSchema told = make_schema(map);
  auto mixed = std::make_shared<TableSchema>(schema);
  for (Column& column : mixed->columns) {
    const auto at = told.find(column.name);
    if (!at || hides(column.type.kind, map.columns[*at])) continue;
    const ColumnType known = column.type;
    column.type = told.columns[*at].type;
    column.type.decimal_as_number = known.decimal_as_number;
    column.type.as_boolean = known.as_boolean && column.type.kind == known.kind;
  }
  return mixed;
}

}  // namespace

// The case of names does not matter here: only TABLE_MAPs of mapped tables were kept.
RowDecoding::RowDecoding(const CapturedTables& tables)
    : tables_(tables.tables()),
      names_(tables.names(/*ignore_case=*/true)),
      maps_([this](const TableMap& map) { return compile(map); }) {}

Result<BoundTable> RowDecoding::bind(const EventView& table_map, const FormatDescription& format) {
  TAILRACE_ASSIGN(const TableMaps::Entry* entry, maps_.add(table_map, format));
  const auto table = names_.find(entry->id.database, entry->id.table);
  if (!entry->layout || !table) {
    return corrupt_event(table_map, "it was kept but its table is not mapped");
  }
  TAILRACE_ASSIGN(const std::uint64_t id, parse_table_id(table_map, format));
  return BoundTable{id, tables_[*table].schema.get(), entry->layout};
}

Result<std::shared_ptr<const TableLayout>> RowDecoding::compile(const TableMap& map) const {
  const auto found = names_.find(map.id.database, map.id.table);
  if (!found) return std::shared_ptr<const TableLayout>{};
  const CapturedTable& table = tables_[*found];
  if (!map.has_names) {
    return halt("source.metadata_missing",
                "row changes of " + map.id.text() + " were logged without column names; run: SET "
                "GLOBAL binlog_row_metadata = 'FULL' and set it in the server's configuration, "
                "then start over with a new first load");
  }
  for (std::size_t i = 0; i < table.wanted.size(); ++i) {
    const std::string& name = table.schema->columns[i].name;
    const auto has_name = [&](const TableMapColumn& column) { return column.name == name; };
    if (!table.wanted[i] || std::any_of(map.columns.begin(), map.columns.end(), has_name)) continue;
    return halt("source.schema_changed", "table " + map.id.text() + " no longer has the column '" +
                name + "'; take it out of the pipeline file, or start over with a new first load");
  }
  auto layout = TableLayout::compile(map, table.schema, table.wanted);
  if (layout || layout.error().code != "binlog.schema_mismatch") return layout;
  return TableLayout::compile(map, with_types_of(map, *table.schema), table.wanted);
}

BufferedRows::BufferedRows(RowDecoding& decoding, std::unique_ptr<RowBuffer> rows,
                           std::shared_ptr<const FormatDescription> format)
    : decoding_(decoding),
      buffer_(std::move(rows)),
      format_(std::move(format)),
      arena_(buffer_->bytes() < (1u << 20) ? 4096 : 65536) {}

const BoundTable* BufferedRows::find_table(std::uint64_t id) const {
  const auto found = std::find_if(bound_.begin(), bound_.end(),
                                  [&](const BoundTable& table) { return table.id == id; });
  return found == bound_.end() ? nullptr : &*found;
}

Result<void> BufferedRows::begin_event(const StoredEvent& stored) {
  index_ += stored.skipped_before;
  if (stored.event.header.type == EventType::table_map) {
    TAILRACE_ASSIGN(BoundTable table, decoding_.bind(stored.event, *format_));
    std::erase_if(bound_, [&](const BoundTable& known) { return known.id == table.id; });
    bound_.push_back(std::move(table));
    return {};
  }
  TAILRACE_ASSIGN(event_, parse_rows(stored.event, *format_));
  table_ = find_table(event_.table_id);
  if (!table_) return corrupt_event(stored.event, "no TABLE_MAP before it has its table id");
  for (const std::string_view bits : {event_.before_columns, event_.after_columns}) {
    TAILRACE_TRY(check_image(*table_->layout, event_, bits, format_->mariadb));
  }
  decoder_.emplace(*table_->layout, event_, arena_);
  return {};
}

Result<void> BufferedRows::decode_batch() {
  const std::size_t columns = table_->schema->columns.size();
  const std::size_t rows = std::min(batch_rows_, batch_rows(columns));
  if (values_.size() < rows * columns * 2) values_.resize(rows * columns * 2);
  Value* at = values_.data();
  while (changes_.size() < rows) {
    const std::span<Value> before(at, event_.op == RowOp::insert ? 0 : columns);
    const std::span<Value> after(at + before.size(), event_.op == RowOp::remove ? 0 : columns);
    TAILRACE_ASSIGN(const bool more, decoder_->next(before, after));
    if (!more) {
      decoder_.reset();
      return {};
    }
    changes_.push_back({table_->schema, event_.op, index_++, before, after});
    at = after.data() + after.size();
  }
  batch_rows_ = batch_rows(0);
  return {};
}

Result<std::span<const RowChange>> BufferedRows::next() {
  changes_.clear();
  arena_.reset();
  while (changes_.empty()) {
    if (decoder_) {
      TAILRACE_TRY(decode_batch());
      continue;
    }
    TAILRACE_ASSIGN(const auto stored, buffer_->next());
    if (!stored) break;
    TAILRACE_TRY(begin_event(*stored));
  }
  return std::span<const RowChange>(changes_);
}

Result<void> BufferedRows::rewind() {
  buffer_->rewind();
  bound_.clear();
  decoder_.reset();
  index_ = 0;
  return {};
}

}  // namespace tailrace::capture
