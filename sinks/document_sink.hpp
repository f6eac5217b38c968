// Where documents are kept. Applies versioned writes idempotently: any order, any multiplicity.
// One contract suite (tests/unit/sinks/document_sink_contract.hpp) holds for every sink.
// Threading: one call at a time per instance; inside, several requests may be in flight.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"
#include "core/result.hpp"

namespace tailrace::sinks {

// Which log the documents in a sink were built from. A sink that knows another log makes the
// engine take the next generation, so that a new log never freezes an old index.
struct LogIdentity {
  std::string log_id;            // random, made with the log
  std::uint16_t generation = 0;  // 15 bits
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

class DocumentSink {
 public:
  virtual ~DocumentSink() = default;

  // Creates what is missing (index, mapping, alias, table) and tells which log it was built from;
  // nullopt: a new, empty place. Error retry: unreachable. Error halt: exists in a shape we must
  // not write to; the message holds the cure.
  virtual Result<std::optional<LogIdentity>> open() = 0;
  virtual Result<void> set_identity(const LogIdentity& identity) = 0;

  // One result per write, same order. A stale write is a success. Replaying a batch is harmless.
  // Item errors: retry (429, 503), dead_letter (can never succeed; message is the store's reason).
  // The outer error means nothing is known about any write; the whole batch is retried.
  virtual Result<std::vector<Result<void>>> apply(std::span<const DocumentWrite> batch) = 0;

  // Up to `limit` ids of documents (not stubs) of a generation below `generation`, in any order.
  // Used once after a new log replaced an old one, to stub what no longer exists.
  virtual Result<std::vector<std::string>> older_than(std::uint16_t generation,
                                                      std::size_t limit) = 0;
};

// How `get` and `search` read a sink, with or without a running pipeline. Stubs are invisible.
class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  // The document's JSON text; nullopt: not there.
  virtual Result<std::optional<std::string>> get(std::string_view id) = 0;
  struct Hit {
    std::string id;
    std::string body;
  };
  // Documents that match all words, best first.
  virtual Result<std::vector<Hit>> search(std::string_view words, std::size_t limit) = 0;
};

}  // namespace tailrace::sinks
