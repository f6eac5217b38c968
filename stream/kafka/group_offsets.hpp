// Reads committed offsets by the admin call, which alone can ask for stable ones in any client.
// Threading: free function, from any thread.
#pragma once

#include <map>
#include <span>

#include "stream/kafka/client_config.hpp"

namespace tailrace::stream::kafka {

// Per partition: nullopt: never committed; error retry "log.unstable": a transaction of it is
// undecided. One request for all of them.
using CommittedOffsets = std::map<Partition, Result<std::optional<Committed>>>;
Result<CommittedOffsets> fetch_committed(rd_kafka_t* client, const std::string& group,
                                         const std::string& topic,
                                         std::span<const Partition> partitions, Deadline deadline);

}  // namespace tailrace::stream::kafka
