// Creates the topics that are missing and compares the others with what is asked for.
// Threading: free function, from any thread.
#pragma once

#include "stream/kafka/client_config.hpp"

namespace tailrace::stream::kafka {

Result<void> ensure_topics(const ClientConfig& config, rd_kafka_t* client,
                           std::span<const TopicSpec> specs);

// Number of partitions; 0: there is no such topic. Error retry: it has no leader at the moment.
Result<Partition> partition_count(rd_kafka_t* client, const std::string& topic, Deadline deadline);

}  // namespace tailrace::stream::kafka
