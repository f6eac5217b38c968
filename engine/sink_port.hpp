// How the projector reaches a sink without waiting for it: batches go in, outcomes come out.
// SinkLane runs a DocumentSink on a thread of its own; the simulation has another.
// Threading: the projector's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/document.hpp"
#include "core/result.hpp"

namespace tailrace::engine {

struct SinkBatch {
  std::uint64_t id = 0;
  std::vector<DocumentWrite> writes;
};

struct SinkOutcome {
  std::uint64_t id = 0;
  std::vector<Result<void>> results;  // per write of the batch
};

class SinkPort {
 public:
  virtual ~SinkPort() = default;
  virtual const std::string& name() const = 0;
  virtual std::size_t max_documents() const = 0;  // of a batch
  virtual std::size_t max_bytes() const = 0;
  // Another batch would be taken at once.
  virtual bool has_room() const = 0;
  virtual void submit(SinkBatch batch) = 0;
  // Finished batches, in any order. A batch whose sink is unreachable stays inside and is retried.
  virtual std::vector<SinkOutcome> take() = 0;
  // Since when the sink answers nothing; nullopt: it answers.
  virtual std::optional<Deadline> away_since() const = 0;
  // An error that no retry cures (the index is gone).
  virtual std::optional<Error> fatal() const = 0;
  // Asks for ids of documents of older generations; the answer comes by take_older().
  virtual void ask_older(std::uint16_t generation, std::size_t limit) = 0;
  virtual std::optional<std::vector<std::string>> take_older() = 0;
};

}  // namespace tailrace::engine
