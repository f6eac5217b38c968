// Commits of one worker, on a thread of its own: state records, offsets and metadata in one
// transaction that only counts while the group still knows this assignment.
// Threading: public methods from one thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "stream/kafka/transactional_producer.hpp"
#include "stream/kafka/wakeup.hpp"

namespace tailrace::stream::kafka {

class Committer {
 public:
  // `wakeup` is signalled when an outcome is there; it outlives the committer.
  Committer(const ClientConfig& config, GroupOptions options, Wakeup& wakeup);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // One at a time. `group` is the metadata of the assignment that all partitions belong to.
  void begin(CommitBatch batch, GroupMetadata group);
  // An outcome that is known without asking Kafka.
  void refuse(Error error);
  bool busy() const;
  bool has_outcome() const;
  // Waits until `deadline` for the outcome; it is given out once.
  std::optional<Result<void>> outcome(Deadline deadline);

 private:
  struct Job {
    CommitBatch batch;
    GroupMetadata group;
  };

  void run(const std::stop_token& stop);
  Result<void> open_producer();
  Result<void> commit(const Job& job);
  PartitionList offsets_of(const CommitBatch& batch) const;

  const ClientConfig& config_;
  const GroupOptions options_;
  Wakeup& wakeup_;
  std::unique_ptr<TransactionalProducer> producer_;  // the thread's own

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Job> job_;
  bool busy_ = false;
  std::optional<Result<void>> outcome_;
  std::jthread thread_;
};

}  // namespace tailrace::stream::kafka
