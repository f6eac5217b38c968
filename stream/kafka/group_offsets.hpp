// Reads committed offsets by the admin call, which alone can ask for stable ones in any client.
// Threading: free function, from any thread.
#pragma once

#include "stream/kafka/client_config.hpp"

namespace tailrace::stream::kafka {

struct GroupPlace {
  const std::string& group;
  const std::string& topic;
  Partition partition;
};

// nullopt: never committed. Error retry "log.unstable": a transaction of it is undecided.
Result<std::optional<Committed>> fetch_committed(rd_kafka_t* client, const GroupPlace& place,
                                                 Deadline deadline);

}  // namespace tailrace::stream::kafka
