// Records of the state topic. A root's state over 512 KiB travels in chunks: key = root key and
// chunk number, value = C1, `last`, digest of the whole, chunk number, count, piece
// (docs/formats/state.md). `last` and digest tell the writes of a root apart: it may be written
// again at the same `last` (a pending mark came or went) or at a lower one (a machine lost the end
// of its store), and compaction leaves any mixture of old and new behind. What was written later
// counts. Threading: plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/event_log.hpp"

namespace tailrace::engine {

struct StateOfRoot {
  stream::Partition partition;
  const std::string& root;   // key bytes
  const std::string& bytes;  // what RootState::encode wrote
};
void append_state_records(std::vector<stream::StateRecord>& out, const StateOfRoot& state,
                          std::size_t chunk_bytes = 512u << 10);

// Puts chunks together again while a state topic is read.
class StateAssembler {
 public:
  // `key_parts`: columns of the root's key.
  explicit StateAssembler(std::size_t key_parts) : key_parts_(key_parts) {}

  // The root key and its whole state as soon as it is known; it replaces what was given
  // before.
  std::optional<std::pair<std::string, std::string>> add(std::string_view key,
                                                         std::optional<std::string_view> value);

 private:
  struct Chunks {
    std::int64_t last = -1;
    std::uint64_t digest = 0;
    std::map<std::uint64_t, std::string> pieces;
    std::uint64_t count = 0;
  };
  std::size_t key_parts_;
  std::map<std::string, Chunks, std::less<>> open_;
};

}  // namespace tailrace::engine
