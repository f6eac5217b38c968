#include "transform/projection/change_record.hpp"

#include <fmt/format.h>

namespace tailrace::transform {

namespace {

constexpr std::uint8_t format_version = 1;

enum class RecordKind : std::uint8_t {
  group = 1,
  lookup = 2,
  progress = 3,
  snapshot_end = 4,
  part = 5,
  lookup_row = 6,
  sweep = 7,
  replace = 8,
};

void append_origin(std::string& out, const Origin& origin) {
  out.push_back(static_cast<char>(origin.source));
  append_token(out, origin.base);
  append_varint(out, zigzag(origin.commit_time_us));
  append_sized(out, origin.gtid);
}

void begin(std::string& out, RecordKind kind, const Origin& origin) {
  out.push_back(static_cast<char>(format_version));
  out.push_back(static_cast<char>(kind));
  append_origin(out, origin);
}

Failure malformed(std::string_view what) {
  return dead_letter("record.malformed",
                     fmt::format("a log record is damaged or not ours: {}", what));
}

Origin read_origin(ByteReader& in) {
  Origin origin;
  origin.source = in.byte();
  origin.base = read_token(in);
  origin.commit_time_us = unzigzag(in.varint());
  origin.gtid = in.sized();
  return origin;
}

void read_row(ByteReader& in, GroupRow& row) {
  const std::uint8_t flags = in.byte();
  row.gone = (flags & 1) != 0;
  row.alone = (flags & 2) != 0;
  row.node = in.byte();
  row.idx = static_cast<std::uint32_t>(in.varint());
  row.key = in.sized();
  row.values = row.gone ? std::string_view{} : in.sized();
}

void read_group(ByteReader& in, const Origin& origin, bool complete, ChangeRecord& record) {
  auto* group = std::get_if<GroupRecord>(&record);
  if (group == nullptr) group = &record.emplace<GroupRecord>();
  group->origin = origin;
  group->complete = complete;
  group->rows.clear();
  while (in.ok() && !in.at_end()) read_row(in, group->rows.emplace_back());
}

void read_entry(ByteReader& in, LookupEntry& entry) {
  const std::uint8_t flags = in.byte();
  entry.gone = (flags & 1) != 0;
  entry.node = in.byte();
  entry.origin = read_origin(in);
  entry.idx = static_cast<std::uint32_t>(in.varint());
  entry.key = in.sized();
  entry.values = entry.gone ? std::string_view{} : in.sized();
}

void read_lookups(ByteReader& in, ChangeRecord& record) {
  auto* lookups = std::get_if<LookupRecord>(&record);
  if (lookups == nullptr) lookups = &record.emplace<LookupRecord>();
  lookups->entries.clear();
  while (in.ok() && !in.at_end()) read_entry(in, lookups->entries.emplace_back());
}

ProgressRecord read_progress(ByteReader& in, const Origin& origin) {
  ProgressRecord record;
  record.origin = origin;
  record.committed_seq = in.varint();
  record.gtid_set = in.sized();
  record.schema_version = in.varint();
  return record;
}

PartRecord read_part(ByteReader& in, const Origin& origin) {
  PartRecord record;
  record.origin = origin;
  record.index = static_cast<std::uint32_t>(in.varint());
  record.count = static_cast<std::uint32_t>(in.varint());
  record.bytes = in.sized();
  return record;
}

SweepRecord read_sweep(ByteReader& in, const Origin& origin) {
  SweepRecord record;
  record.origin = origin;
  record.table = in.sized();
  return record;
}

struct Opened {
  RecordKind kind;
  Origin origin;
};

Result<Opened> open(ByteReader& in) {
  const std::uint8_t version = in.byte();
  if (!in.ok() || version != format_version) return malformed(fmt::format("version {}", version));
  const auto kind = static_cast<RecordKind>(in.byte());
  return Opened{kind, read_origin(in)};
}

}  // namespace

void begin_group(std::string& out, const Origin& origin, bool complete) {
  begin(out, complete ? RecordKind::replace : RecordKind::group, origin);
}

void append_group_row(std::string& out, const GroupRow& row) {
  out.push_back(static_cast<char>((row.gone ? 1 : 0) | (row.alone ? 2 : 0)));
  out.push_back(static_cast<char>(row.node));
  append_varint(out, row.idx);
  append_sized(out, row.key);
  if (!row.gone) append_sized(out, row.values);
}

void begin_lookups(std::string& out) { begin(out, RecordKind::lookup, {}); }

void append_lookup_entry(std::string& out, const LookupEntry& entry) {
  out.push_back(entry.gone ? '\1' : '\0');
  out.push_back(static_cast<char>(entry.node));
  append_origin(out, entry.origin);
  append_varint(out, entry.idx);
  append_sized(out, entry.key);
  if (!entry.gone) append_sized(out, entry.values);
}

void encode(std::string& out, const ProgressRecord& record) {
  begin(out, RecordKind::progress, record.origin);
  append_varint(out, record.committed_seq);
  append_sized(out, record.gtid_set);
  append_varint(out, record.schema_version);
}

void encode(std::string& out, const SnapshotEndRecord& record) {
  begin(out, RecordKind::snapshot_end, record.origin);
}

void encode(std::string& out, const PartRecord& record) {
  begin(out, RecordKind::part, record.origin);
  append_varint(out, record.index);
  append_varint(out, record.count);
  append_sized(out, record.bytes);
}

void encode(std::string& out, const SweepRecord& record) {
  begin(out, RecordKind::sweep, record.origin);
  append_sized(out, record.table);
}

Result<void> decode(std::string_view bytes, ChangeRecord& record) {
  ByteReader in(bytes);
  TAILRACE_ASSIGN(const Opened opened, open(in));
  switch (opened.kind) {
    case RecordKind::group:
    case RecordKind::replace:
      read_group(in, opened.origin, opened.kind == RecordKind::replace, record);
      break;
    case RecordKind::lookup:
      read_lookups(in, record);
      break;
    case RecordKind::progress:
      record = read_progress(in, opened.origin);
      break;
    case RecordKind::snapshot_end:
      record = SnapshotEndRecord{opened.origin};
      break;
    case RecordKind::part:
      record = read_part(in, opened.origin);
      break;
    case RecordKind::sweep:
      record = read_sweep(in, opened.origin);
      break;
    case RecordKind::lookup_row:
      return malformed("a lookup row in a change log");
      // No default: an unknown number falls through to the check below.
  }
  if (!in.ok() || !in.at_end())
    return malformed(fmt::format("kind {}", static_cast<int>(opened.kind)));
  return {};
}

std::string lookup_log_key(std::uint8_t source, std::uint16_t key_set, std::string_view key) {
  std::string out;
  append_varint(out, std::uint64_t{source} << 16 | key_set);
  out.append(key);
  return out;
}

LookupLogKey parse_lookup_log_key(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint64_t front = in.varint();
  return {static_cast<std::uint8_t>(front >> 16), static_cast<std::uint16_t>(front),
          in.take(in.remaining())};
}

void encode(std::string& out, const LookupRow& row) {
  begin(out, RecordKind::lookup_row, row.origin);
  out.push_back(row.gone ? '\1' : '\0');
  append_varint(out, row.idx);
  append_sized(out, row.values);
}

Result<LookupLogRecord> decode_lookup(std::string_view bytes) {
  ByteReader in(bytes);
  TAILRACE_ASSIGN(const Opened opened, open(in));
  LookupLogRecord record;
  if (opened.kind == RecordKind::progress) {
    record = read_progress(in, opened.origin);
  } else if (opened.kind == RecordKind::sweep) {
    record = read_sweep(in, opened.origin);
  } else if (opened.kind == RecordKind::lookup_row) {
    LookupRow row;
    row.origin = opened.origin;
    row.gone = (in.byte() & 1) != 0;
    row.idx = static_cast<std::uint32_t>(in.varint());
    row.values = in.sized();
    record = row;
  } else {
    return malformed(fmt::format("kind {} in a lookup log", static_cast<int>(opened.kind)));
  }
  if (!in.ok() || !in.at_end()) return malformed("a lookup row");
  return record;
}

}  // namespace tailrace::transform
