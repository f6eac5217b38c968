// What a pipeline remembers in its control topic (`<pipeline>.positions`, one partition,
// compacted): where each source is, the schemas the plan was compiled from, each document's spec
// hash, the log's identity, and which roots are still to be read again. Bytes:
// docs/formats/control.md. Threading: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/position.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "sinks/document_sink.hpp"
#include "stream/event_log.hpp"

namespace tailrace::engine {

// The position of one source, written in the same log transaction as what was read up to it.
struct SavedPosition {
  std::uint16_t epoch = 1;
  std::uint64_t seq = 0;  // transactions read, in this epoch
  SourcePosition source;
  // Of the transaction behind `source`: output records appended already, by an interrupted run;
  // they are left out if the same transaction comes again from the same server.
  std::uint64_t open_records = 0;
  std::string open_gtid;
  std::uint64_t open_shape = 0;  // hash of what the records depend on
};

// The schemas that the plan is compiled from. They only grow; `version` counts how often.
struct SavedSchemas {
  std::uint64_t version = 1;
  std::vector<TableSchema> tables;
};

// Roots that are to be read again, by the ids of their documents, or rows of a table that documents
// look up, by the texts of a key (engine/root_import.hpp).
struct ImportRecord {
  std::string document;       // empty: rows of `table`
  std::string table;
  std::uint16_t key_set = 0;  // of its LookupTable
  std::uint64_t roots = 0;  // when it was asked for
  std::uint64_t done = 0;
  std::int64_t since_us = 0;
  std::vector<std::string> ids;  // not done yet
};

struct ControlState {
  std::optional<sinks::LogIdentity> identity;
  std::map<std::string, SavedPosition, std::less<>> positions;  // by source
  std::optional<SavedSchemas> schemas;
  std::map<std::string, std::uint64_t, std::less<>> spec_hashes;  // by document
  std::vector<std::string> shards;  // names by index; empty in logs from before there were several
  // By source, then by number.
  std::map<std::string, std::map<std::uint64_t, ImportRecord>, std::less<>> imports;
};

std::string position_key(std::string_view source);
std::string encode(const SavedPosition& position);
Result<SavedPosition> decode_position(std::string_view bytes);

inline constexpr std::string_view schemas_key = "schemas";
std::string encode(const SavedSchemas& schemas);
Result<SavedSchemas> decode_schemas(std::string_view bytes);

// Of SourcePosition::tables, written when it changes, with the position that it belongs to.
std::string tables_key(std::string_view source);

inline constexpr std::string_view shards_key = "shards";
std::string encode_shards(const std::vector<std::string>& names);

// A tombstone under it: done.
std::string import_key(std::string_view source, std::uint64_t number);
std::string encode(const ImportRecord& record);

inline constexpr std::string_view identity_key = "log";
std::string encode(const sinks::LogIdentity& identity);

std::string spec_key(std::string_view document);

// Reads the whole control topic as it is now (committed records only).
Result<ControlState> read_control(stream::EventLog& log, std::string_view pipeline,
                                  Deadline deadline, const Clock& clock = system_clock());

}  // namespace tailrace::engine
