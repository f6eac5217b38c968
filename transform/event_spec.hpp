// What the pipeline file says of domain events.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tailrace::transform {

enum class Envelope : std::uint8_t { cloudevents, bare };

// `none` (the row was just inserted, or is gone), `any`, or values of the column as text.
struct StateMatch {
  enum class Kind : std::uint8_t { none, any, values } kind = Kind::values;
  std::vector<std::string> values;
};

struct Transition {
  StateMatch from;
  StateMatch to;
  std::string emit;
};

enum class OnUnexpected : std::uint8_t { ignore, emit, dead_letter, pause };

struct EventRule {
  std::string table;
  std::string column;                   // of the state machine; empty: fires on every operation
  std::vector<Transition> transitions;  // the first that matches wins
  OnUnexpected on_unexpected = OnUnexpected::ignore;
  std::string unexpected_emit;
  std::string emit;                     // for rules without a column
  // One event per transaction and key, data: key columns and rows.
  bool per_transaction = false;
  enum class Data : std::uint8_t { after, diff, key } data = Data::after;
  std::string topic;                    // template; empty: the section's
  std::string key;                      // template; empty: the section's
};

struct EventsSpec {
  Envelope envelope = Envelope::cloudevents;
  std::string topic;
  std::string key;
  std::vector<EventRule> rules;
};

}  // namespace tailrace::transform
