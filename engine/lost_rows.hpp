// A server that took over may lack transactions that were read of its predecessor, or only shown by
// a batch that was never committed (engine.md §4.4). What they changed is found in the log itself,
// read backwards from its end.
// Threading: free function; capture's thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/gtid_set.hpp"
#include "core/result.hpp"
#include "stream/event_log.hpp"

namespace tailrace::engine {

// A batch of capture's holds fewer transactions than this.
inline constexpr std::uint64_t most_transactions_in_batch = 50'000;

struct LostRowsSetup {
  stream::EventLog& log;
  const Clock& clock;
  std::uint8_t source_index = 0;
  std::vector<std::string> change_topics;  // by document
  stream::Partition partitions = 1;        // of each
  std::vector<std::string>
      lookup_topics;        // by lookup table, of one partition; empty: of another source
  const GtidSet& executed;  // of the server that took over
};

struct LostRows {
  std::vector<std::set<std::string>> roots;    // key bytes, by document
  std::vector<std::set<std::string>> lookups;  // keys of the lookup log, by lookup table
  std::set<std::string> emptied;               // tables: which rows they had is not known any more
  // Every change log reaches back to where the server still had all. What a first load began with
  // is in no log as a transaction.
  bool complete = true;
};

// Nothing of this source may be appended meanwhile, and what was appended must be in the log.
// Errors of the log; retry "log.slow": it did not give its end within a minute.
Result<LostRows> find_lost_rows(const LostRowsSetup& setup);

}  // namespace tailrace::engine
