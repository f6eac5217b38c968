#include "capture/buffered_rows.hpp"

#include <algorithm>

#include "capture/binlog/wire_reader.hpp"
#include "capture/schema_fit.hpp"
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

bool has_column(const RowsEvent& event, std::string_view bits, std::size_t column) {
  return column < event.width && bit_set(bits, column);
}

// What did not change may be left out behind the change, where it is in front of it
// (binlog_row_image = FULL_NODUP).
void fill_unchanged(std::span<const Value> before, std::span<Value> after) {
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i].is_absent()) after[i] = before[i];
  }
}

// The schema with the types of `told` where they differ; how values are shown stays.
std::shared_ptr<const TableSchema> with_types_of(const TableSchema& told,
                                                 const TableSchema& schema) {
  auto mixed = std::make_shared<TableSchema>(schema);
  for (Column& column : mixed->columns) {
    const auto at = told.find(column.name);
    if (!at) continue;
    const ColumnType known = column.type;
    column.type = told.columns[*at].type;
    column.type.decimal_as_number = known.decimal_as_number;
    column.type.as_boolean = known.as_boolean && column.type.kind == known.kind;
  }
  return mixed;
}

}  // namespace

// The case of names does not matter here: only TABLE_MAPs of mapped tables were kept.
RowDecoding::RowDecoding(const CapturedTables& tables, SchemaHistory& history, ReadAgain read_again)
    : tables_(tables.tables()),
      names_(tables.names(/*ignore_case=*/true)),
      history_(history),
      read_again_(std::move(read_again)),
      maps_([this](const TableMap& map) { return compile(map); }) {}

Result<BoundTable> RowDecoding::bind(const EventView& table_map, const FormatDescription& format) {
  if (generation_ != history_.generation()) maps_.forget_layouts();
  generation_ = history_.generation();
  TAILRACE_ASSIGN(const TableMaps::Entry* entry, maps_.add(table_map, format));
  const auto table = names_.find(entry->id.database, entry->id.table);
  if (!entry->layout || !table) {
    return corrupt_event(table_map, "it was kept but its table is not mapped");
  }
  TAILRACE_ASSIGN(const std::uint64_t id, parse_table_id(table_map, format));
  return BoundTable{id, tables_[*table].schema.get(), entry->layout};
}

Result<std::shared_ptr<const TableLayout>> RowDecoding::compile(const TableMap& map) {
  const auto found = names_.find(map.id.database, map.id.table);
  if (!found) return std::shared_ptr<const TableLayout>{};
  const CapturedTable& table = tables_[*found];
  if (map.has_names) return compile_named(map, table);
  TAILRACE_ASSIGN(const TableDefinition* definition, definition_of(map));
  TableMap named = map;
  name_columns(definition->schema, named);
  return TableLayout::compile(named, with_types_of(definition->schema, *table.schema),
                              table.wanted);
}

Result<std::shared_ptr<const TableLayout>> RowDecoding::compile_named(const TableMap& map,
                                                                      const CapturedTable& table) {
  const TableDefinition* const known = history_.find(map.id);
  for (std::size_t i = 0; i < table.wanted.size(); ++i) {
    const std::string& name = table.schema->columns[i].name;
    const auto has_name = [&](const TableMapColumn& column) { return column.name == name; };
    if (!table.wanted[i] || std::any_of(map.columns.begin(), map.columns.end(), has_name)) continue;
    // Gone by a statement that was told: its policy let it pass.
    if (known != nullptr && !known->schema.find(name)) continue;
    return halt("source.schema_changed",
                "table " + map.id.text() + " no longer has the column '" + name +
                    "', and the binlog does not say since when; take it out of the pipeline file, "
                    "or start over with a new first load");
  }
  TableSchema told = told_by(map, known != nullptr ? known->schema : *table.schema);
  auto layout = TableLayout::compile(map, with_types_of(told, *table.schema), table.wanted);
  // A statement that was not understood is behind us: what rows say is known from here on.
  if (layout && (known == nullptr || misfit(known->schema, map))) {
    const DefaultCharset charset = known != nullptr ? known->charset : DefaultCharset{};
    history_.put({std::move(told), charset});
    generation_ = history_.generation();
  }
  return layout;
}

Result<const TableDefinition*> RowDecoding::definition_of(const TableMap& map) {
  const TableDefinition* known = history_.find(map.id);
  std::optional<std::string> wrong =
      known != nullptr ? misfit(known->schema, map) : "a statement about it was not understood";
  if (!wrong) return known;
  TAILRACE_ASSIGN(auto again, read_again_(map.id));
  if (again) {
    const auto still_wrong = misfit(again->schema, map);
    if (still_wrong) {
      wrong = still_wrong;
    } else {
      history_.put(std::move(*again));
      generation_ = history_.generation();
      return history_.find(map.id);
    }
  }
  return halt("source.schema_unknown",
              "the columns of " + map.id.text() +
                  " at this place of the binlog are not known: " + *wrong +
                  "; run: SET GLOBAL binlog_row_metadata = 'FULL' and set it in the "
                  "server's configuration, so that rows carry the names of their columns, then "
                  "start over with a new first load");
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
  TAILRACE_TRY(check_images());
  decoder_.emplace(*table_->layout, event_, arena_);
  return {};
}

// Every column in use must be there: what a partial image leaves out cannot be known, except behind
// an update, where it is what it was in front of it.
Result<void> BufferedRows::check_images() const {
  const auto& columns = table_->layout->columns();
  const auto whole = [&](std::string_view bits) {
    return bits.empty() || (event_.width == columns.size() && all_set(bits, event_.width));
  };
  if (whole(event_.before_columns) && whole(event_.after_columns)) return {};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].target == CompiledColumn::not_wanted) continue;
    const bool before = has_column(event_, event_.before_columns, i);
    const bool after = has_column(event_, event_.after_columns, i);
    if (event_.op == RowOp::insert ? after : before) continue;
    return halt("source.row_image", "a row change of " + table_->schema->id.text() + " at offset " +
                                        std::to_string(event_.offset) +
                                        " was logged without column '" +
                                        table_->schema->columns[columns[i].target].name +
                                        "' (binlog_row_image was not FULL in that session); run: " +
                                        set_global(*format_, "binlog_row_image = 'FULL'") +
                                        ", then start over with a new first load");
  }
  return {};
}

Result<void> BufferedRows::decode_batch() {
  const std::size_t columns = table_->schema->columns.size();
  const std::size_t rows = std::min(batch_rows_, batch_rows(columns));
  if (values_.size() < rows * columns * 2) values_.resize(rows * columns * 2);
  Value* at = values_.data();
  const bool partial_update =
      event_.op == RowOp::update && !all_set(event_.after_columns, event_.width);
  while (changes_.size() < rows) {
    const std::span<Value> before(at, event_.op == RowOp::insert ? 0 : columns);
    const std::span<Value> after(at + before.size(), event_.op == RowOp::remove ? 0 : columns);
    TAILRACE_ASSIGN(const bool more, decoder_->next(before, after));
    if (!more) {
      decoder_.reset();
      return {};
    }
    if (partial_update) fill_unchanged(before, after);
    changes_.push_back(
        {table_->schema, event_.op, index_++, before, after, event_.unchecked()});
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
