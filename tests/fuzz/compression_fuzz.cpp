// What claims a size and gives other bytes: transaction payloads, MariaDB's compressed events and
// columns. Input: which of them, then its bytes.
#include <string_view>

#include "capture/binlog/compressed_column.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

void payload(std::string_view body) {
  static PayloadReader reader({.event_bytes = 1u << 24, .window_log = 24});  // used again and again
  EventView event;
  event.header.type = EventType::transaction_payload;
  event.body = body;
  if (!reader.open(event)) return;
  for (auto next = reader.next(); next && *next; next = reader.next()) {
    TAILRACE_ASSERT((*next)->header.size == (*next)->body.size() + event_header_bytes);
    if (reader.uncompressed_bytes() > (1u << 24)) return;
  }
}

void mariadb_event(EventType type, std::string_view body) {
  static MariadbDecompressor decompressor;
  EventView event;
  event.header.type = type;
  event.body = body;
  FormatDescription format;
  format.mariadb = true;
  const auto expanded = decompressor.expand(event, format);
  if (expanded) TAILRACE_ASSERT(!is_mariadb_compressed(expanded->header.type));
}

void column(std::string_view field) {
  if (field.empty()) return;
  Arena arena;
  std::string_view value;
  static_cast<void>(expand_column(field, arena, value));
}

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const std::uint8_t choice = input.byte();
  if (choice == 0) return payload(input.rest());
  if (choice == 1) return column(input.rest());
  const auto type = static_cast<EventType>(choice);
  if (is_mariadb_compressed(type)) mariadb_event(type, input.rest());
}

}  // namespace

TAILRACE_FUZZ_TARGET(compression, run)
