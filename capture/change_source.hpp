// Yields committed transactions in commit order, at least once.
// Threading: start() and next() from one thread; request_stop() from any.
#pragma once

#include <functional>
#include <optional>

#include "core/change.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

class ChangeSource {
 public:
  virtual ~ChangeSource() = default;

  // Begins after `from`; with SnapshotPhase::none (a fresh pipeline) with a first load, with
  // SnapshotPhase::reading with a new first load that still streams from `from.gtid_set`.
  // Called again after an error of next(): the source reconnects and goes on from there.
  virtual Result<void> start(const SourcePosition& from) = 0;

  // nullopt: nothing committed before `deadline`. Never returns part of a transaction.
  // The transaction's rows must be read before the next call.
  // Error retry: the connection broke and reconnecting goes on inside; call again.
  // Error halt: going on would lose data (purged, diverged, unknown event): stop and say why.
  virtual Result<std::optional<Transaction>> next(Deadline deadline) = 0;

  // Everything the server had committed at the time of the call, read on its own connection.
  virtual Result<GtidSet> committed_now() = 0;

  // What the server that answers now never got of what was read up to `read`. nullopt: it cannot be
  // told, or this is no server that took over: it lost history of its own, shares none, or lacks
  // more than a replica lags behind. Errors as of a connection.
  virtual Result<std::optional<GtidSet>> lost_at_takeover(const SourcePosition& read) = 0;

  virtual void request_stop() noexcept = 0;
};

}  // namespace tailrace::capture
