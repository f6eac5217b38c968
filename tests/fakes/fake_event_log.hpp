// An event log in memory that behaves like Kafka: open, committed and aborted transactions, gaps
// where their marks stand, groups whose partitions move step by step, members that were given up
// and do not know it. Failures are scripted; nothing happens by chance or by time.
// Threading: every method from any thread; what it opens from one thread each.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stream/event_log.hpp"

namespace tailrace::fakes {

enum class LogCall {
  ensure_topics,
  open_writer,
  writer_append,
  writer_commit,
  open_reader,
  reader_poll,
  join,
  member_poll,
  fetch_committed,
  bounds,
  start,
  restore,
  append,
  acknowledged,
  begin_commit,
  poll_commit,
};

enum class TransactionState { open, committed, aborted };

// What the log holds; a mark is the end of a transaction and is never delivered.
struct StoredRecord {
  std::string key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<TransactionState> transaction;  // shared by all records of one transaction
  bool mark = false;
  bool gone = false;  // compacted away
};

struct FakeBroker;

struct FakeLogOptions {
  bool keeps_state = true;
  bool waits = true;  // false: polls return at once, for virtual time
  std::size_t max_record_bytes = 900 * 1024;
  std::size_t records_per_poll = 1000;
};

class FakeEventLog final : public stream::EventLog {
 public:
  explicit FakeEventLog(FakeLogOptions options = {});
  ~FakeEventLog() override;

  bool keeps_state() const override;
  Result<void> ensure_topics(std::span<const stream::TopicSpec> topics) override;
  Result<std::unique_ptr<stream::LogWriter>> open_writer(std::string_view id) override;
  Result<std::unique_ptr<stream::TopicReader>> open_reader(
      std::string_view topic, stream::Partition partition, stream::Offset from,
      stream::Isolation isolation) override;
  Result<std::unique_ptr<stream::GroupMember>> join(
      const stream::GroupOptions& options) override;
  std::size_t max_record_bytes() const override;

  // The n-th call from now (1: the next) fails with `error` and does nothing. poll_commit: the
  // transaction is aborted. `after_effect`: it does its work first, as when an answer is lost.
  void fail(LogCall call, int n, Error error, bool after_effect = false);
  std::uint64_t calls(LogCall call) const;

  // From now on, destroyed writers and members vanish as killed processes do: transactions stay
  // open, memberships and partitions stay theirs until expire() or a successor of the same name.
  void crash_on_destruction(bool crash);
  // The group has given the member up: its partitions go to others at once, it learns of it in its
  // next poll (`lost`), and its commits are refused.
  void expel(std::string_view group, std::string_view instance_id);
  // Ends whatever destroyed writers and members have left behind, as time-outs would.
  void expire();
  // Commits stay undecided for so many calls of poll_commit.
  void commit_takes_polls(int polls);
  void hold_acknowledgements(bool hold);
  // Removes all but the latest committed record of each key.
  void compact(std::string_view topic);
  void trim(std::string_view topic, stream::Partition partition, stream::Offset start);

  std::vector<StoredRecord> records(std::string_view topic, stream::Partition partition) const;
  std::optional<stream::Committed> committed(std::string_view group, std::string_view topic,
                                             stream::Partition partition) const;

 private:
  std::unique_ptr<FakeBroker> broker_;
};

}  // namespace tailrace::fakes
