// One rule of the events section, resolved against one table, and what it says of a row.
// Threading: immutable after compile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/change.hpp"
#include "core/result.hpp"
#include "transform/event_spec.hpp"
#include "transform/event_template.hpp"

namespace tailrace::transform {

struct CompiledEventRule {
  const EventRule* spec = nullptr;      // lives as long as the spec that was compiled
  std::uint32_t number = 0;             // place in the file, from 0
  std::optional<std::uint32_t> column;  // of the state machine
  bool names_insert = false;            // some transition is from none
  bool names_remove = false;            // some transition is to none
  Template topic;
  Template key;
  // By column, those that identify what an event is about: filled into the key, and for events of
  // one row also the primary key.
  std::vector<bool> key_columns;
};

// Rule `number` of the spec against its table. Error halt "events.unknown_column",
// "events.bad_template", "events.bad_topic" or "events.bad_rule", naming the rule.
Result<CompiledEventRule> compile_event_rule(const EventsSpec& spec, std::uint32_t number,
                                             const TableSchema& table);

struct EventDecision {
  enum class Kind : std::uint8_t {
    nothing,        // the rule is silent about this row
    emit,
    unexpected,     // the state machine has no transition for what happened
    state_missing,  // an inserted row came without the state machine's column
  } kind = Kind::nothing;
  const std::string* type = nullptr;  // emit: the event's
};

EventDecision decide_event(const CompiledEventRule& rule, const RowChange& row);

// A value equals what the file says by its text: strings and ENUM as they are, numbers and
// booleans by their JSON text, decimals with every digit. NULL equals nothing.
bool equals_state(const Value& value, const std::string& text);

// What Kafka accepts as the name of a topic: 1 to 249 of a-z A-Z 0-9 . _ -, and not "." or "..".
bool is_topic_name(std::string_view name);

}  // namespace tailrace::transform
