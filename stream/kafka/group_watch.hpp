// Finds partitions that a group at rest has given to nobody. A cooperative rebalance takes
// partitions from one member in one generation and gives them to others in the next. A static
// member that is killed in between and comes back is let into the first generation again, so that
// the second never comes: the group is stable, and some partitions belong to nobody until the next
// rebalance. Threading: one thread, the member's.
#pragma once

#include "stream/kafka/client_config.hpp"

namespace tailrace::stream::kafka {

class GroupWatch {
 public:
  // `client` must outlive it.
  GroupWatch(rd_kafka_t* client, const GroupOptions& options)
      : client_(client), options_(options) {}

  // The member has just got or lost partitions: worth a look in a while.
  void assignment_changed(Deadline now);

  // True: partitions belong to nobody, and this member should leave and join again so that the
  // group shares them anew. Of several members one does, the one with the least to lose; the next
  // one some seconds later, if that did not help. Asks the broker without waiting for its answer.
  bool should_rejoin(Deadline now);

 private:
  void ask();
  // nullopt: no answer that tells anything; looks again.
  std::optional<bool> read(const rd_kafka_event_t& event);

  static constexpr Milliseconds first_wait{3000};  // a rebalance that needs no help is over by then

  rd_kafka_t* client_;
  const GroupOptions options_;
  std::optional<Deadline> due_;
  Milliseconds wait_ = first_wait;  // before a look; grows while rejoining does not help
  QueueHandle answer_;              // not null: asked
  Partition partitions_ = 0;
  std::size_t bad_looks_ = 0;  // in a row
};

}  // namespace tailrace::stream::kafka
