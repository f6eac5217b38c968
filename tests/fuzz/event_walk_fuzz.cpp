// Arbitrary bytes as a binlog file without its magic: every event that the pipeline reads.
// Checksums are not compared, so that changed bytes reach the decoders.
#include <string_view>
#include <vector>

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/event_reader.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/table_maps.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

class Walk {
 public:
  void apply(const EventView& event, const FormatDescription& format, bool inner) {
    switch (event.header.type) {
      case EventType::table_map:
        static_cast<void>(maps_.add(event, format));
        return;
      case EventType::query:
        static_cast<void>(parse_query(event));
        return;
      case EventType::rotate:
        static_cast<void>(parse_rotate(event));
        return;
      case EventType::gtid:
      case EventType::gtid_tagged:
      case EventType::anonymous_gtid:
        static_cast<void>(parse_gtid(event));
        return;
      case EventType::mariadb_gtid:
        static_cast<void>(parse_mariadb_gtid(event));
        return;
      case EventType::previous_gtids:
        static_cast<void>(parse_previous_gtids(event));
        return;
      case EventType::heartbeat_v2:
        static_cast<void>(parse_heartbeat(event));
        return;
      case EventType::xa_prepare:
        static_cast<void>(parse_xa_prepare(event));
        return;
      case EventType::transaction_payload:
        if (!inner) unpack(event, format);
        return;
      default:
        break;
    }
    if (is_mariadb_compressed(event.header.type)) {
      if (auto expanded = decompressor_.expand(event, format)) apply(*expanded, format, inner);
      return;
    }
    const bool partial = event.header.type == EventType::partial_update_rows;
    if (is_rows_event(event.header.type) || partial) rows(event, format);
  }

 private:
  void unpack(const EventView& event, const FormatDescription& format) {
    if (!payload_.open(event)) return;
    for (auto next = payload_.next(); next && *next; next = payload_.next()) {
      if (payload_.uncompressed_bytes() > (1u << 24)) return;
      apply(**next, format, true);
    }
  }

  void rows(const EventView& event, const FormatDescription& format) {
    const auto rows = parse_rows(event, format);
    if (!rows) return;
    const TableMaps::Entry* const entry = maps_.find(rows->table_id);
    if (entry == nullptr) return;
    Arena arena;
    RowDecoder decoder(*entry->layout, *rows, arena);
    std::vector<Value> before(entry->layout->schema().columns.size());
    std::vector<Value> after(before.size());
    while (true) {
      const auto more = decoder.next(before, after);
      if (!more || !*more) return;
    }
  }

  TableMaps maps_{[](const TableMap& map) { return TableLayout::compile(map); }};
  MariadbDecompressor decompressor_;
  PayloadReader payload_{{.event_bytes = 1u << 24, .window_log = 24}};
};

void walk(std::string_view bytes) {
  FormatDescription format;
  Walk walk;
  while (bytes.size() >= event_header_bytes) {
    EventView event;
    event.header = decode_event_header(bytes.data());
    const std::size_t length = event.header.size;
    if (length < event_header_bytes || length > bytes.size()) return;
    event.body = bytes.substr(event_header_bytes, length - event_header_bytes);
    if (event.header.type == EventType::format_description) {
      if (auto parsed = parse_format_description(bytes.substr(0, length), event)) {
        format = *parsed;
      }
    } else {
      if (format.checksum == ChecksumAlgorithm::crc32 && event.body.size() >= 4) {
        event.body.remove_suffix(4);
      }
      walk.apply(event, format, false);
    }
    bytes.remove_prefix(length);
  }
}

}  // namespace

TAILRACE_FUZZ_TARGET(event_walk, walk)
