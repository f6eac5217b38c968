// A server that took over may lack transactions that were read of its predecessor, or only shown by
// a batch that was never committed (engine.md §4.4). What transactions outside of a position
// changed is found in the log itself, read backwards from its end. Threading: free function;
// capture's thread.
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

// A batch of capture's is committed with so many transactions; those that change nothing here come
// in one step, however many they are.
inline constexpr std::uint64_t most_transactions_in_batch = 10'000;

struct LostRowsSetup {
  stream::EventLog& log;
  const Clock& clock;
  std::uint8_t source_index = 0;
  std::vector<std::string> change_topics;  // by document
  stream::Partition partitions = 1;        // of each
  std::vector<std::string>
      lookup_topics;     // by lookup table, of one partition; empty: of another source
  const GtidSet& known;  // the position
};

struct LostRows {
  std::vector<std::set<std::string>> roots;    // key bytes, by document
  std::vector<std::set<std::string>> lookups;  // keys of the lookup log, by lookup table
  std::set<std::string> emptied;               // tables: which rows they had is not known any more
  // Every change log reaches back to within the position. What a first load began with is in no log
  // as a transaction.
  bool complete = true;
};

// Nothing of this source may be appended meanwhile, and what was appended must be in the log.
// Errors of the log; retry "log.slow": it gave nothing for a minute.
Result<LostRows> find_lost_rows(const LostRowsSetup& setup);

}  // namespace tailrace::engine
