// Row changes of one transaction → named domain events. Pure: the same transaction gives the same
// events with the same ids, so a replay can be recognised.
// Threading: one thread per instance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/change.hpp"
#include "core/token.hpp"
#include "transform/event_spec.hpp"

namespace tailrace::transform {

struct DomainEvent {
  std::string topic;
  std::string key;
  std::string type;
  std::string value;  // JSON
  std::vector<std::pair<std::string, std::string>> headers;  // ce_* in binary mode, content-type
};

// What the mapper must know of the transaction that the rows do not say.
struct EventContext {
  std::string pipeline;
  std::string source;               // shard
  Token base;                       // idx 0
  std::int64_t commit_time_us = 0;
};

// What is larger becomes a dead letter "events.too_large"; counted in bytes of `value`.
struct EventLimits {
  std::size_t event_bytes = std::size_t{8} << 20;   // one event
  std::size_t held_bytes = std::size_t{64} << 20;   // per-transaction events held until finish
};

class EventMapper {
 public:
  // Error halt "events.…": a rule names a table, column or template placeholder that is not there;
  // every table used must be in `tables`.
  static Result<EventMapper> compile(const EventsSpec& spec, std::span<const TableSchema> tables,
                                     EventLimits limits = {});

  // begin, then add for each row in order, then finish. Events come out in the order of the rows;
  // a per-transaction event comes out at finish, ordered by its first row. `out` may be called from
  // add and finish; its event is valid in that call only. Snapshot rows emit nothing: add none.
  // Errors: a dead letter covers the events of this row (or, from finish, of this transaction) that
  // could not be made, in one message; every other event has come out, so go on with the next row:
  // "events.unexpected_transition", "events.bad_topic", "events.too_large". Any other error, out's
  // too, ends the call at once; the transaction begun again gives the same events in that order.
  using Out = std::function<Result<void>(const DomainEvent&)>;
  void begin(EventContext context);
  Result<void> add(const RowChange& row, const Out& out);
  Result<void> finish(const Out& out);

  // Every fixed topic name the rules can write to; others are created on first use.
  std::vector<std::string> fixed_topics() const;
  // Whether any rule is about `table`. Ask before used_columns.
  static bool uses_table(const EventsSpec& spec, std::string_view table);
  // Columns of `table` that rules, keys and data need, besides its primary key; empty: all of them.
  static std::vector<std::string> used_columns(const EventsSpec& spec, std::string_view table);

  EventMapper(EventMapper&&) noexcept;
  EventMapper& operator=(EventMapper&&) noexcept;
  ~EventMapper();

 private:
  EventMapper();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tailrace::transform
