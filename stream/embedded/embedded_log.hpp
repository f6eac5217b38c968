// The log inside one process: RocksDB in a directory of its own, nothing to install.
// Durable at commit (write-ahead log synced), a transaction is there whole or not at all.
// Threading: EventLog's methods from any thread; what they return from one thread each. The log
// outlives everything opened from it.
#pragma once

#include <memory>

#include "stream/embedded/embedded_options.hpp"
#include "stream/event_log.hpp"

namespace tailrace::stream {

// Errors, all halt: log.locked (another process has the directory), log.version, log.storage.
Result<std::unique_ptr<EventLog>> open_embedded(const EmbeddedOptions& options);

}  // namespace tailrace::stream
