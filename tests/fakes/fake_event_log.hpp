// An event log in memory that behaves like Kafka: open, committed and aborted transactions, gaps
// where their marks stand, groups whose partitions move step by step, members that were given up
// and do not know it. Failures are scripted; nothing happens by chance or by time.
// Threading: every method from any thread; what it opens from one thread each.
#pragma once

#include <condition_variable>
#include <functional>
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

// What a log must do for its readers (R16, R17, R19). The simulation switches one off to prove that
// it would see its absence.
struct LogRules {
  bool fence_commits = true;        // R16: a worker whose partition has left it commits nothing
  bool fence_by_assignment = true;  // R16: by this assignment, not by being a member still
  bool fence_metadata = true;       // R15: what a refused commit says of dprog is lost with it
  bool require_stable = true;       // R17: no committed offset while a commit is undecided
  bool to_high_watermark = true;    // R17: the state topic is read to its end, not the stable one
  bool state_after_offset = true;   // R17: read after the offset was fetched, not before
  bool restore_committed = true;    // R17: committed state records only
  bool stop_out_of_range = true;    // R19: never jump to where the log starts
};

struct FakeLogOptions {
  bool keeps_state = true;
  bool waits = true;  // false: polls return at once, for virtual time
  // What a reader that finds nothing does instead of waiting, with its deadline.
  std::function<void(Deadline)> pass_time{};
  std::size_t max_record_bytes = 900 * 1024;
  std::size_t records_per_poll = 1000;
  LogRules rules{};
};

class FakeEventLog final : public stream::EventLog {
 public:
  explicit FakeEventLog(FakeLogOptions options = {});
  ~FakeEventLog() override;

  bool keeps_state() const override;
  Result<void> ensure_topics(std::span<const stream::TopicSpec> topics) override;
  Result<std::unique_ptr<stream::LogWriter>> open_writer(std::string_view id) override;
  Result<std::unique_ptr<stream::TopicReader>> open_reader(std::string_view topic,
                                                           stream::Partition partition,
                                                           stream::Offset from,
                                                           stream::Isolation isolation) override;
  Result<std::unique_ptr<stream::GroupMember>> join(const stream::GroupOptions& options) override;
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
  // From now on GroupMember::append keeps its record until deliver_append, as a slow network does.
  void delay_appends(bool delay);
  // The oldest kept record of this member arrives. False: there is none.
  bool deliver_append(std::uint64_t member);
  // The records that did not arrive before their producer died.
  void lose_appends(std::uint64_t member);
  // Commits decide at once, but what they wrote to the state topic stays undecided for readers
  // until settle_state_marks(): Kafka marks each partition in its own time.
  void state_marks_late(bool late);
  void settle_state_marks();
  // The number of the member that counts as alive under this name; 0: none.
  std::uint64_t member_of(std::string_view group, std::string_view instance_id) const;
  // A deaf member hears nothing of rebalances and successors: it goes on with what it had.
  void deafen(std::uint64_t member, bool deaf);
  // A deaf member counts as alive again, but owns nothing.
  void rejoin_deaf(std::string_view group, std::string_view instance_id, std::uint64_t member);
  // Polls see nothing at or behind `end` of any partition of the topic; nullopt: no limit.
  void limit_reading(std::string_view topic, std::optional<stream::Offset> end);
  void set_records_per_poll(std::size_t records);
  // Asked at every call; once true, calls do nothing but fail with halt "fake.dead".
  void set_power_cut(std::function<bool()> is_cut);
  // Removes all but the latest committed record of each key.
  void compact(std::string_view topic);
  void trim(std::string_view topic, stream::Partition partition, stream::Offset start);

  std::vector<StoredRecord> records(std::string_view topic, stream::Partition partition) const;
  stream::Offset start_of(std::string_view topic, stream::Partition partition) const;
  // Offset of the last record that is no mark, undone or not; -1: there is none.
  stream::Offset last_record(std::string_view topic, stream::Partition partition) const;
  std::optional<stream::Committed> committed(std::string_view group, std::string_view topic,
                                             stream::Partition partition) const;

 private:
  std::unique_ptr<FakeBroker> broker_;
};

}  // namespace tailrace::fakes
