// What travels with the commit offset of a partition, in the same transaction (R15): how far the
// lookup logs were posted, which sources have ended their first load, and how far the initial load
// of each sink is. Text, because the log keeps it as a string; at most 4 KiB.
// docs/formats/control.md. Threading: plain value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "stream/event_log.hpp"

namespace tailrace::engine {

struct CommitMetadata {
  std::uint16_t generation = 0;  // that the sinks were loaded with
  std::string owner;             // instance id of the worker that committed
  bool marks = false;            // some sink lacks some root (pending, dead letters)
  std::map<std::string, stream::Offset> posted;  // dprog, by lookup table
  std::set<std::uint8_t> ended;                  // sources
  // By sink: nullopt when all roots were rendered once, else the root key to go on from.
  std::map<std::string, std::optional<std::string>> loads;

  std::string text() const;
  static Result<CommitMetadata> parse(std::string_view text);
  friend bool operator==(const CommitMetadata&, const CommitMetadata&) = default;
};

}  // namespace tailrace::engine
