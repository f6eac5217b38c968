#include "capture/named_events.hpp"

#include "capture/binlog/charset.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/query_event.hpp"
#include "capture/binlog/table_map_names.hpp"
#include "capture/reader_identity.hpp"

namespace tailrace::capture {
namespace {

constexpr std::size_t most_named_tables = 4096;
constexpr std::size_t head_events = 3;
constexpr std::size_t head_event_bytes = 1024;

// Where the file comes from: its first events hold the server, the time, and what came before.
Result<std::string> uuid_of(BinlogFile& file) {
  std::string head;
  std::uint64_t offset = file.offset();
  for (std::size_t i = 0; i < head_events; ++i) {
    TAILRACE_ASSIGN(const std::string_view bytes, file.peek(offset, head_event_bytes));
    if (bytes.size() < event_header_bytes) break;
    const std::size_t size = decode_event_header(bytes.data()).size;
    // The open file's flag goes away when it is closed.
    head += bytes.substr(0, 17);
    if (i != 0) head += bytes.substr(0, size);
    offset += size;
  }
  return reader_identity(file.shown_name(), head, "binlog file", 0).uuid;
}

}  // namespace

NamedEvents::NamedEvents(std::vector<std::string> files, KnownSchemas known)
    : files_(std::move(files)), known_(std::move(known)) {}

BinlogPosition NamedEvents::position() const {
  return file_ ? BinlogPosition{file_->shown_name(), file_->offset()} : BinlogPosition{};
}

Result<void> NamedEvents::open_file() {
  TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(files_[at_]));
  file_.emplace(std::move(file));
  TAILRACE_ASSIGN(file_uuid_, uuid_of(*file_));
  named_.clear();
  return {};
}

Result<std::optional<EventView>> NamedEvents::next_raw() {
  if (in_payload_) {
    TAILRACE_ASSIGN(const auto inner, payload_.next());
    if (inner) return inner;
    in_payload_ = false;
  }
  while (at_ < files_.size()) {
    if (!file_) TAILRACE_TRY(open_file());
    TAILRACE_ASSIGN(const auto event, file_->next());
    if (event) return event;
    if (at_ + 1 == files_.size()) return std::nullopt;  // it stays the file at hand
    file_.reset();
    ++at_;
  }
  return std::nullopt;
}

Result<std::optional<EventView>> NamedEvents::next() {
  TAILRACE_ASSIGN(auto event, next_raw());
  if (!event) return std::nullopt;
  const EventType type = event->header.type;
  if (type == EventType::format_description) {
    format_ = std::make_shared<const FormatDescription>(file_->format());
  } else if (type == EventType::transaction_payload) {
    if (in_payload_) return corrupt_event(*event, "it lies inside another payload");
    TAILRACE_TRY(payload_.open(*event));
    in_payload_ = true;
    return next();
  } else if (type == EventType::mariadb_gtid) {
    TAILRACE_ASSIGN(const MariadbGtidEvent gtid, parse_mariadb_gtid(*event));
    alter_pending_ = gtid.starts_alter() || gtid.rolls_alter_back();
  } else if (type == EventType::query || type == EventType::mariadb_query_compressed) {
    TAILRACE_TRY(note_definition(*event));
  } else if (type == EventType::table_map) {
    TAILRACE_ASSIGN(event, name(*event));
  }
  return event;
}

Result<void> NamedEvents::note_definition(const EventView& event) {
  EventView plain = event;
  if (is_mariadb_compressed(event.header.type)) {
    TAILRACE_ASSIGN(plain, decompressor_.expand(event, *format_));
  }
  TAILRACE_ASSIGN(const QueryEvent query, parse_query(plain));
  if (query.sql == "BEGIN" || query.sql == "COMMIT" || alter_pending_) return {};
  Arena arena(4096);
  bool repaired = false;
  const auto charset = CharsetConverter::create(charset_of_collation(query.client_collation));
  const std::string_view sql = charset ? charset->to_utf8(query.sql, arena, repaired)
                                       : valid_utf8(query.sql, arena, repaired);
  if (known_.apply({sql, query.database, dialect_of(query, *format_)})) named_.clear();
  return {};
}

Result<EventView> NamedEvents::name(const EventView& table_map) {
  TAILRACE_ASSIGN(const std::uint64_t id, parse_table_id(table_map, *format_));
  if (named_.size() > most_named_tables) named_.clear();
  Named& known = named_[id];
  if (known.body != table_map.body) {
    known = Named{std::string(table_map.body), {}, {}};
    TAILRACE_ASSIGN(const TableMap map, parse_table_map(table_map, *format_));
    const KnownSchemas::Shape shape = known_.shape_of(map);
    known.contradiction = shape.difference;
    if (!map.has_names && shape.known) {
      known.named_body = with_metadata(table_map.body, map, *shape.schema, format_->mariadb);
    }
  }
  contradiction_ = known.contradiction;
  EventView event = table_map;
  if (!known.named_body.empty()) event.body = known.named_body;
  return event;
}

}  // namespace tailrace::capture
