// The index of one document type: orders-000001, with two aliases. Readers use "orders", whose
// filter hides stubs. Bulks go to "orders-000001-write-<uuid>" with require_alias: it goes away
// with its index, so a write can never make an index of its own, nor reach one of another life.
// `_meta.tailrace` of the mapping tells whose index it is and which log it was built from.
// Threading: as the client.
#pragma once

#include <optional>
#include <string>

#include "sinks/document_sink.hpp"
#include "sinks/elasticsearch/http_client.hpp"
#include "sinks/elasticsearch/mapping.hpp"

namespace tailrace::sinks {

struct IndexSpec {
  std::string alias;
  std::string document;
  Mapping mapping;
};

struct OpenedIndex {
  std::string name;
  std::string write_alias;
  std::optional<LogIdentity> identity;  // nullopt: not known yet
};

// Finds the index or creates it; adds new fields to its mapping; sets both aliases.
// Error retry: unreachable. Error halt: "es.foreign_index", "es.mapping_changed",
// "es.unauthorized": the message holds the cure.
Result<OpenedIndex> open_index(HttpClient& client, const IndexSpec& spec);

Result<void> write_identity(HttpClient& client, const OpenedIndex& index,
                            const std::string& document, const LogIdentity& identity);

// What an answer other than 2xx means outside of bulks; `doing`: "create index orders-000001".
Failure answer_failure(const HttpClient& client, const HttpResponse& response,
                       const std::string& doing);

}  // namespace tailrace::sinks
