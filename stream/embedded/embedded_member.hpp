// The only member of a group in the embedded log: it gets every partition in its first poll and
// keeps them. Appends are gathered and written with the next poll, acknowledged or begin_commit,
// or when a megabyte is full: one sync for many.
// Threading: one thread.
#pragma once

#include <vector>

#include "stream/embedded/log_storage.hpp"

namespace tailrace::stream::embedded {

class EmbeddedMember final : public GroupMember {
 public:
  // The group is claimed already; the member gives it back.
  EmbeddedMember(LogStorage& storage, Topic& topic, std::string group);
  ~EmbeddedMember() override;

  Result<std::span<const Record>> poll(Deadline deadline, AssignmentListener& listener) override;
  Result<std::optional<Committed>> fetch_committed(Partition partition) override;
  Result<Bounds> bounds(Partition partition) override;
  Result<void> start(Partition partition, Offset offset) override;
  Result<void> pause(Partition partition) override;
  Result<void> resume(Partition partition) override;
  Result<void> restore(Partition partition, const StateVisitor& each) override;
  Result<std::uint64_t> append(Partition partition, std::string_view key,
                               std::string_view value) override;
  Result<std::vector<AppendAck>> acknowledged() override;
  Result<void> begin_commit(CommitBatch batch) override;
  std::optional<Result<void>> poll_commit(Deadline deadline) override;
  void leave() noexcept override;

 private:
  struct Assigned {
    Place place;
    bool started = false;
    bool paused = false;
  };

  Assigned& at(Partition partition);
  bool assign(AssignmentListener& listener);
  Result<void> flush_appends();
  Result<void> announce(std::span<const Announcement> announcements);
  Result<void> read_started();

  LogStorage& storage_;
  Topic& topic_;
  const std::string group_;
  std::vector<Assigned> partitions_;  // empty before the first poll and after leave()
  std::size_t next_ = 0;              // who is read first in the next poll
  bool joined_ = false;
  bool left_ = false;
  RecordBuffer buffer_;
  std::vector<Place> waiting_;

  WriteSet appends_;
  std::uint64_t first_ticket_ = 0;  // of appends_
  std::vector<AppendAck> acks_;
  std::optional<Result<void>> outcome_;
};

}  // namespace tailrace::stream::embedded
