// A member of a group in the fake log. Partitions move as with cooperative rebalancing: who is to
// lose one is told in its own poll, and only then does the next one get it in its poll.
// Threading: one thread.
#pragma once

#include "tests/fakes/fake_broker.hpp"

namespace tailrace::fakes {

class FakeGroupMember final : public stream::GroupMember {
 public:
  FakeGroupMember(FakeBroker& broker, stream::GroupOptions options, std::uint64_t number);
  ~FakeGroupMember() override;

  Result<std::span<const Record>> poll(Deadline deadline,
                                       stream::AssignmentListener& listener) override;
  Result<std::optional<Committed>> fetch_committed(Partition partition) override;
  Result<Bounds> bounds(Partition partition) override;
  Result<void> start(Partition partition, Offset offset) override;
  Result<void> pause(Partition partition) override;
  Result<void> resume(Partition partition) override;
  Result<void> restore(Partition partition, const StateVisitor& each) override;
  Result<std::uint64_t> append(Partition partition, std::string_view key,
                               std::string_view value) override;
  Result<std::vector<stream::AppendAck>> acknowledged() override;
  Result<void> begin_commit(stream::CommitBatch batch) override;
  std::optional<Result<void>> poll_commit(Deadline deadline) override;
  void leave() noexcept override;

 private:
  struct Mine {
    std::uint64_t assignment = 0;
    Offset position = 0;
    Offset state_end = 0;  // of the state topic when it was assigned
    bool started = false;
    bool paused = false;
  };

  FakeGroup& group() { return broker_.groups.find(options_.group)->second; }
  std::string transactional_id() const { return options_.group + "." + options_.instance_id; }
  bool replaced();
  bool still_mine(Partition partition);
  bool may_commit(Partition partition);
  bool rebalance(std::unique_lock<std::mutex>& lock, stream::AssignmentListener& listener);
  void tell_revoked(std::unique_lock<std::mutex>& lock, stream::AssignmentListener& listener,
                    bool lost);
  Result<void> read_started();
  void leave_locked();

  FakeBroker& broker_;
  const stream::GroupOptions options_;
  const std::uint64_t number_;
  const std::uint64_t generation_;  // of its transactional id
  std::map<Partition, Mine> mine_;
  bool told_ = false;  // of its first share, which may be empty
  bool left_ = false;
  FakeBuffer buffer_;
  std::uint64_t last_ticket_ = 0;
  bool committing_ = false;
  int polls_left_ = 0;
  std::optional<Error> refused_;
};

}  // namespace tailrace::fakes
