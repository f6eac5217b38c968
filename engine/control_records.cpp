#include "engine/control_records.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/bytes.hpp"
#include "core/table_schema_codec.hpp"
#include "engine/topics.hpp"

namespace tailrace::engine {

namespace {

constexpr std::uint8_t control_version = 1;
constexpr std::uint8_t position_version = 2;
constexpr std::uint8_t schemas_version = 2;
constexpr Milliseconds poll_wait{20};
constexpr std::string_view position_prefix = "source/";
constexpr std::string_view tables_prefix = "tables/";
constexpr std::string_view spec_prefix = "spec/";
constexpr std::string_view import_prefix = "import/";

Failure malformed(std::string_view what) {
  return halt(
      "control.malformed",
      fmt::format("the control topic's record '{}' is damaged or of a newer version", what));
}

void append_binlog(std::string& out, const BinlogPosition& position) {
  append_sized(out, position.file);
  append_varint(out, position.offset);
}

BinlogPosition read_binlog(ByteReader& in) {
  BinlogPosition position;
  position.file = in.sized();
  position.offset = in.varint();
  return position;
}

Result<sinks::LogIdentity> decode_identity(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != control_version) return malformed(identity_key);
  sinks::LogIdentity identity;
  identity.log_id = in.sized();
  identity.generation = static_cast<std::uint16_t>(in.varint());
  if (!in.ok()) return malformed(identity_key);
  return identity;
}

Result<std::vector<std::string>> decode_shards(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != control_version) return malformed(shards_key);
  std::vector<std::string> names;
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) names.emplace_back(in.sized());
  if (!in.ok()) return malformed(shards_key);
  return names;
}

Result<ImportRecord> decode_import(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != control_version) return malformed(import_prefix);
  ImportRecord record;
  record.document = in.sized();
  record.roots = in.varint();
  record.done = in.varint();
  record.since_us = unzigzag(in.varint());
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) record.ids.emplace_back(in.sized());
  if (record.document.empty()) {
    record.table = in.sized();
    record.key_set = static_cast<std::uint16_t>(in.varint());
  }
  if (!in.ok()) return malformed(import_prefix);
  return record;
}

// import/<source>/<number>: a source's name may hold slashes, a number none.
Result<void> take_import(ControlState& state, std::string_view key,
                         std::optional<std::string_view> value) {
  key.remove_prefix(import_prefix.size());
  const std::size_t slash = key.rfind('/');
  std::uint64_t number = 0;
  if (slash != std::string_view::npos)
    std::from_chars(key.data() + slash + 1, key.data() + key.size(), number);
  if (number == 0) return malformed(import_prefix);
  auto& waiting = state.imports[std::string(key.substr(0, slash))];
  if (!value) {
    waiting.erase(number);
    return {};
  }
  TAILRACE_ASSIGN(waiting[number], decode_import(*value));
  return {};
}

Result<void> take(ControlState& state, std::string_view key, std::string_view value) {
  if (key == identity_key) {
    TAILRACE_ASSIGN(state.identity, decode_identity(value));
  } else if (key == shards_key) {
    TAILRACE_ASSIGN(state.shards, decode_shards(value));
  } else if (key == schemas_key) {
    TAILRACE_ASSIGN(state.schemas, decode_schemas(value));
  } else if (key.starts_with(position_prefix)) {
    TAILRACE_ASSIGN(SavedPosition position, decode_position(value));
    SavedPosition& known = state.positions[std::string(key.substr(position_prefix.size()))];
    position.source.tables = std::move(known.source.tables);
    known = std::move(position);
  } else if (key.starts_with(tables_prefix)) {
    state.positions[std::string(key.substr(tables_prefix.size()))].source.tables =
        std::make_shared<const std::string>(value);
  } else if (key.starts_with(spec_prefix)) {
    ByteReader in(value);
    state.spec_hashes[std::string(key.substr(spec_prefix.size()))] = in.fixed<std::uint64_t>();
  }
  return {};
}

}  // namespace

std::string position_key(std::string_view source) {
  return std::string(position_prefix) + std::string(source);
}
std::string tables_key(std::string_view source) {
  return std::string(tables_prefix) + std::string(source);
}

std::string spec_key(std::string_view document) {
  return std::string(spec_prefix) + std::string(document);
}

std::string import_key(std::string_view source, std::uint64_t number) {
  return fmt::format("{}{}/{}", import_prefix, source, number);
}

std::string encode(const ImportRecord& record) {
  std::string out(1, static_cast<char>(control_version));
  append_sized(out, record.document);
  append_varint(out, record.roots);
  append_varint(out, record.done);
  append_varint(out, zigzag(record.since_us));
  append_varint(out, record.ids.size());
  for (const std::string& id : record.ids) append_sized(out, id);
  if (!record.document.empty()) return out;
  append_sized(out, record.table);
  append_varint(out, record.key_set);
  return out;
}

std::string encode(const SavedPosition& position) {
  std::string out(1, static_cast<char>(position_version));
  append_varint(out, position.epoch);
  append_varint(out, position.seq);
  append_sized(out, position.source.gtid_set.text());
  append_binlog(out, position.source.binlog);
  append_sized(out, position.source.server_uuid);
  out.push_back(static_cast<char>(position.source.snapshot));
  append_binlog(out, position.source.snapshot_high);
  append_varint(out, position.open_records);
  append_sized(out, position.open_gtid);
  append_fixed(out, position.open_shape);
  append_varint(out, position.source.prepared.size());
  for (const PreparedTransaction& prepared : position.source.prepared) {
    append_sized(out, prepared.xid);
    out.push_back(prepared.mapped ? 1 : 0);
    append_sized(out, prepared.gtid_set.text());
    append_binlog(out, prepared.binlog);
  }
  return out;
}

Result<SavedPosition> decode_position(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.byte();
  if (version != control_version && version != position_version) return malformed("source");
  SavedPosition position;
  position.epoch = static_cast<std::uint16_t>(in.varint());
  position.seq = in.varint();
  TAILRACE_ASSIGN(position.source.gtid_set, GtidSet::parse(in.sized()));
  position.source.binlog = read_binlog(in);
  position.source.server_uuid = in.sized();
  position.source.snapshot = static_cast<SnapshotPhase>(in.byte());
  position.source.snapshot_high = read_binlog(in);
  position.open_records = in.varint();
  position.open_gtid = in.sized();
  position.open_shape = in.fixed<std::uint64_t>();
  const std::uint64_t prepared_count = version == position_version ? in.varint() : 0;
  for (std::uint64_t n = prepared_count; in.ok() && n > 0; --n) {
    PreparedTransaction& prepared = position.source.prepared.emplace_back();
    prepared.xid = in.sized();
    prepared.mapped = in.byte() != 0;
    TAILRACE_ASSIGN(prepared.gtid_set, GtidSet::parse(in.sized()));
    prepared.binlog = read_binlog(in);
  }
  if (!in.ok()) return malformed("source");
  return position;
}

std::string encode(const SavedSchemas& schemas) {
  std::string out(1, static_cast<char>(schemas_version));
  append_varint(out, schemas.version);
  append_varint(out, schemas.tables.size());
  for (const TableSchema& schema : schemas.tables) append_schema(out, schema);
  return out;
}

Result<SavedSchemas> decode_schemas(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.byte();
  if (version != control_version && version != schemas_version) return malformed(schemas_key);
  SavedSchemas schemas;
  if (version == schemas_version) schemas.version = in.varint();
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    schemas.tables.push_back(read_schema(in));
  }
  if (!in.ok()) return malformed(schemas_key);
  return schemas;
}

std::string encode_shards(const std::vector<std::string>& names) {
  std::string out(1, static_cast<char>(control_version));
  append_varint(out, names.size());
  for (const std::string& name : names) append_sized(out, name);
  return out;
}

std::string encode(const sinks::LogIdentity& identity) {
  std::string out(1, static_cast<char>(control_version));
  append_sized(out, identity.log_id);
  append_varint(out, identity.generation);
  return out;
}

Result<ControlState> read_control(stream::EventLog& log, std::string_view pipeline,
                                  Deadline deadline, const Clock& clock) {
  TAILRACE_ASSIGN(auto reader, log.open_reader(control_topic(pipeline), 0, 0,
                                               stream::Isolation::read_committed));
  TAILRACE_ASSIGN(const stream::Bounds bounds, reader->bounds());
  ControlState state;
  while (reader->position() < bounds.end) {
    // Behind the last record may be nothing but a transaction's marker: ask in short waits.
    TAILRACE_ASSIGN(const auto records, reader->poll(clock.now() + poll_wait));
    if (records.empty() && clock.now() >= deadline && reader->position() < bounds.end) {
      return retry("control.timeout", "reading the control topic took too long");
    }
    for (const stream::Record& record : records) {
      if (record.key.starts_with(import_prefix)) {
        TAILRACE_TRY(take_import(state, record.key, record.value));
      } else if (record.value) {
        TAILRACE_TRY(take(state, record.key, *record.value));
      }
    }
  }
  return state;
}

}  // namespace tailrace::engine
