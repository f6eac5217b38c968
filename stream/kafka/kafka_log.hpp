// The log on Kafka: several processes, several machines.
// Threading: EventLog's methods from any thread; what they return from one thread each. The log
// outlives everything opened from it.
#pragma once

#include <memory>

#include "stream/event_log.hpp"
#include "stream/kafka/kafka_options.hpp"

namespace tailrace::stream {

// Checks the options; does not connect. Error halt "log.config": a client property that does not
// exist, has a bad value, or is set by Tailrace itself; the message names it.
Result<std::unique_ptr<EventLog>> open_kafka(const KafkaOptions& options);

}  // namespace tailrace::stream
