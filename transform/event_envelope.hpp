// The headers of an event: CloudEvents 1.0, Kafka protocol binding, binary content mode
// (docs/formats/events.md).
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "transform/event_mapper.hpp"

namespace tailrace::transform {

class EventEnvelope {
 public:
  explicit EventEnvelope(Envelope envelope) : envelope_(envelope) {}

  // Says of which transaction the next events are.
  void begin(const EventContext& context);

  struct Origin {
    std::uint32_t rule = 0;   // place in the file
    std::uint32_t index = 0;  // of the row, or of the first of several
    std::string_view op;      // empty: several rows
    bool by_leaving = false;  // its first row only left its key
  };
  // Replaces the headers of an event whose type and key are set.
  void write_headers(const Origin& origin, DomainEvent& event) const;

 private:
  Envelope envelope_;
  std::string id_prefix_;  // "s0:1:42:"
  std::string source_;     // "shop/s0"
  std::string time_;       // empty: unknown
};

}  // namespace tailrace::transform
