// The rows of one transaction, decoded from their stored events as they are asked for.
// Threading: one thread at a time; all streams of one RowDecoding together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/table_maps.hpp"
#include "capture/captured_tables.hpp"
#include "capture/schema_history.hpp"
#include "capture/transaction_assembler.hpp"
#include "core/arena.hpp"
#include "core/change.hpp"

namespace tailrace::capture {

// A table as of one TABLE_MAP.
struct BoundTable {
  std::uint64_t id = 0;                 // in row events
  const TableSchema* schema = nullptr;  // what rows are told under
  std::shared_ptr<const TableLayout> layout;
};

// How to decode each captured table, kept from transaction to transaction. A TABLE_MAP with names
// (binlog_row_metadata=FULL) says all; for one without, the history of the table's definition does,
// as far as it fits.
class RowDecoding {
 public:
  // Reads a table's definition from the server again; nullopt: the one that is there now need not
  // be the one in front of the rows at hand.
  using ReadAgain = std::function<Result<std::optional<TableDefinition>>(const TableId&)>;

  RowDecoding(const CapturedTables& tables, SchemaHistory& history, ReadAgain read_again);

  // For a stored TABLE_MAP. A column whose type was changed since the schema was read is decoded as
  // what it was then; a column that is gone is absent. Errors halt: source.schema_unknown,
  // binlog.*; retry those of ReadAgain.
  Result<BoundTable> bind(const EventView& table_map, const FormatDescription& format);

 private:
  Result<std::shared_ptr<const TableLayout>> compile(const TableMap& map);
  Result<std::shared_ptr<const TableLayout>> compile_named(const TableMap& map,
                                                           const CapturedTable& table);
  Result<const TableDefinition*> definition_of(const TableMap& map);

  std::vector<CapturedTable> tables_;
  MappedTables names_;
  SchemaHistory& history_;
  ReadAgain read_again_;
  std::uint64_t generation_ = 0;  // of the history that the layouts were compiled from
  TableMaps maps_;
};

class BufferedRows : public RowStream {
 public:
  // `decoding` must outlive the stream; `transaction` must have rows.
  BufferedRows(RowDecoding& decoding, std::unique_ptr<RowBuffer> rows,
               std::shared_ptr<const FormatDescription> format);

  Result<std::span<const RowChange>> next() override;
  Result<void> rewind() override;
  std::uint64_t bytes() const override { return buffer_->bytes(); }

 private:
  Result<void> begin_event(const StoredEvent& stored);
  Result<void> check_images() const;
  Result<void> decode_batch();
  const BoundTable* find_table(std::uint64_t id) const;

  // Most transactions are a few rows: memory for many is taken only when there are many.
  static constexpr std::size_t first_batch_rows = 16;

  RowDecoding& decoding_;
  std::unique_ptr<RowBuffer> buffer_;
  std::shared_ptr<const FormatDescription> format_;
  std::vector<BoundTable> bound_;  // what the transaction's TABLE_MAPs said so far

  RowsEvent event_;
  const BoundTable* table_ = nullptr;  // of event_
  std::optional<RowDecoder> decoder_;  // of an event that is not yet used up
  std::uint32_t index_ = 0;
  std::size_t batch_rows_ = first_batch_rows;
  Arena arena_;
  std::vector<Value> values_;
  std::vector<RowChange> changes_;
};

}  // namespace tailrace::capture
