// The records of change logs and lookup logs, byte by byte in docs/formats/records.md.
// A record that one message cannot hold travels as parts; Assembling them is the reader's work.
// Threading: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"
#include "core/token.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

// Which transaction of which source a record comes from.
struct Origin {
  std::uint8_t source = 0;  // index in the pipeline's list of sources
  Token base;               // idx 0 of the transaction
  std::int64_t commit_time_us = 0;
  std::string_view gtid;  // empty: from a snapshot
};

// One row of a group. The views belong to the record.
struct GroupRow {
  NodeId node = 0;
  bool gone = false;
  std::uint32_t idx = 0;
  std::string_view key;     // primary key bytes
  std::string_view values;  // the node's slots, in order, as append_value writes them
  bool alone = false;       // a root that took nothing along but what the log tells of
};

// All row changes of one source transaction that belong to one root; or, read beside the stream,
// all rows that the source has of it at that transaction: `replace` (engine.md §8).
struct GroupRecord {
  Origin origin;
  std::vector<GroupRow> rows;
  bool complete = false;  // other rows of this source and root that are not newer are gone
};

// A lookup value for one root.
struct LookupEntry {
  Origin origin;  // of the lookup row's transaction
  std::uint32_t idx = 0;
  NodeId node = 0;
  bool gone = false;
  std::string_view key;  // key bytes of the reference
  std::string_view values;
};

// The lookup values that a root was missing at one moment, written by the projector to the root's
// own log: one record, however many values.
struct LookupRecord {
  std::vector<LookupEntry> entries;
};

// How far a source was read: everything at or before it lies before this record.
struct ProgressRecord {
  Origin origin;                    // base.seq: read so far
  std::uint64_t committed_seq = 0;  // read again after a crash: only what is above it
  std::string_view gtid_set;
  std::uint64_t schema_version = 0;  // rows behind it may have columns that came with it
};

struct SnapshotEndRecord {
  Origin origin;
};

// Every row of a table that the source had before is gone: TRUNCATE, DROP TABLE. In every partition
// of the change logs of documents that show the table, and in its lookup log.
struct SweepRecord {
  Origin origin;  // rows with an older token are gone
  std::string_view table;
};

struct PartRecord {
  Origin origin;
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::string_view bytes;  // of the encoded group
};

using ChangeRecord = std::variant<GroupRecord, LookupRecord, ProgressRecord, SnapshotEndRecord,
                                  PartRecord, SweepRecord>;

void begin_group(std::string& out, const Origin& origin, bool complete = false);
void append_group_row(std::string& out, const GroupRow& row);
void begin_lookups(std::string& out);
void append_lookup_entry(std::string& out, const LookupEntry& entry);
void encode(std::string& out, const ProgressRecord& record);
void encode(std::string& out, const SnapshotEndRecord& record);
void encode(std::string& out, const PartRecord& record);
void encode(std::string& out, const SweepRecord& record);

// Decodes into `record`, reusing its memory; views refer to `bytes`.
// Error dead_letter "record.malformed": not ours, damaged, or of a newer version.
Result<void> decode(std::string_view bytes, ChangeRecord& record);

// One row of a lookup log. Record key: source and key set, then key bytes.
struct LookupRow {
  Origin origin;
  std::uint32_t idx = 0;
  bool gone = false;
  std::string_view values;  // the lookup table's slots
};
std::string lookup_log_key(std::uint8_t source, std::uint16_t key_set, std::string_view key);
struct LookupLogKey {
  std::uint8_t source = 0;
  std::uint16_t key_set = 0;
  std::string_view key;
};
LookupLogKey parse_lookup_log_key(std::string_view bytes);
void encode(std::string& out, const LookupRow& row);
using LookupLogRecord = std::variant<LookupRow, ProgressRecord, SweepRecord>;
// Error dead_letter "record.malformed".
Result<LookupLogRecord> decode_lookup(std::string_view bytes);

}  // namespace tailrace::transform
