// Reads a binlog file to its rows, the shortest way: for tests only.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "capture/binlog/binlog_file.hpp"
#include "capture/binlog/control_events.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/rows_event.hpp"
#include "capture/binlog/table_maps.hpp"

namespace tailrace::capture {

struct DecodedRow {
  const TableSchema& table;
  RowOp op;
  std::span<const Value> before;
  std::span<const Value> after;
};

class BinlogChanges {
 public:
  using Sink = std::function<void(const DecodedRow&)>;

  explicit BinlogChanges(Sink sink, TableMaps::Bind bind = [](const TableMap& map) {
    return TableLayout::compile(map);
  })
      : maps_(std::move(bind)), sink_(std::move(sink)) {}

  Result<void> read(const std::string& path) {
    TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(path));
    while (true) {
      TAILRACE_ASSIGN(const auto event, file.next());
      if (!event) return {};
      TAILRACE_TRY(apply(*event, file.format()));
    }
  }

  Result<void> apply(const EventView& event, const FormatDescription& format) {
    ++events;
    if (is_mariadb_compressed(event.header.type)) {
      TAILRACE_ASSIGN(const EventView expanded, decompressor_.expand(event, format));
      --events;
      return apply(expanded, format);
    }
    switch (event.header.type) {
      case EventType::table_map: TAILRACE_TRY(maps_.add(event, format)); return {};
      case EventType::transaction_payload: return unpack(event, format);
      case EventType::query: TAILRACE_TRY(parse_query_event(event)); return {};
      case EventType::gtid:
      case EventType::anonymous_gtid:
      case EventType::gtid_tagged: {
        TAILRACE_ASSIGN(const GtidEvent gtid, parse_gtid(event));
        gtids.push_back(gtid.anonymous ? "" : gtid.gtid.text());
        return {};
      }
      case EventType::mariadb_gtid:
        TAILRACE_TRY(parse_mariadb_gtid(event));
        ++mariadb_gtids;
        return {};
      case EventType::previous_gtids: TAILRACE_TRY(parse_previous_gtids(event)); return {};
      default: break;
    }
    if (is_rows_event(event.header.type)) return rows(event, format);
    if (classify(event.header.type, event.header.flags) == EventAction::stop) {
      return unsupported_event(event, "stops the reader");
    }
    return {};
  }

  std::size_t events = 0;
  std::size_t changes = 0;
  std::size_t mariadb_gtids = 0;
  std::uint64_t invalid_texts = 0;
  std::vector<std::string> gtids;
  std::vector<std::string> queries;

 private:
  Result<void> parse_query_event(const EventView& event) {
    TAILRACE_ASSIGN(const QueryEvent query, parse_query(event));
    queries.emplace_back(query.sql);
    return {};
  }

  Result<void> unpack(const EventView& event, const FormatDescription& format) {
    TAILRACE_TRY(payload_.open(event));
    while (true) {
      TAILRACE_ASSIGN(const auto inner, payload_.next());
      if (!inner) return {};
      if (inner->header.type == EventType::transaction_payload) {
        return corrupt_event(event, "a payload inside a payload");
      }
      TAILRACE_TRY(apply(*inner, format));
    }
  }

  Result<void> rows(const EventView& event, const FormatDescription& format) {
    TAILRACE_ASSIGN(const RowsEvent rows, parse_rows(event, format));
    const TableMaps::Entry* const entry = maps_.find(rows.table_id);
    if (entry == nullptr) {
      if (rows.table_id == 0xffffff) return {};  // a dummy that only ends the statement
      return corrupt_event(event, "no TABLE_MAP for its rows");
    }
    arena_.reset();
    RowDecoder decoder(*entry->layout, rows, arena_);
    before_.resize(entry->layout->schema().columns.size());
    after_.resize(before_.size());
    while (true) {
      TAILRACE_ASSIGN(const bool more, decoder.next(before_, after_));
      if (!more) break;
      ++changes;
      const std::span<const Value> none;
      sink_({entry->layout->schema(), rows.op, rows.op == RowOp::insert ? none : before_,
             rows.op == RowOp::remove ? none : after_});
    }
    invalid_texts += decoder.counters().invalid_texts;
    if (rows.ends_statement()) maps_.end_statement();
    return {};
  }

  TableMaps maps_;
  Sink sink_;
  MariadbDecompressor decompressor_;
  PayloadReader payload_;
  Arena arena_;
  std::vector<Value> before_;
  std::vector<Value> after_;
};

}  // namespace tailrace::capture
