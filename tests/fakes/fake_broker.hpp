// The shared state of a FakeEventLog and of what it opened.
// Threading: everything under `mutex`; listeners are called without it.
#pragma once

#include <deque>

#include "core/arena.hpp"
#include "tests/fakes/fake_event_log.hpp"

namespace tailrace::fakes {

using stream::Bounds;
using stream::Committed;
using stream::Offset;
using stream::Partition;
using stream::Record;

// Records on their way to a reader, with the bytes they point to.
struct FakeBuffer {
  Arena arena;
  std::vector<Record> records;

  void clear() {
    arena.reset();
    records.clear();
  }
};

struct FakePartition {
  Partition number = 0;
  std::vector<StoredRecord> records;  // index = offset
  Offset start = 0;

  Offset end() const { return static_cast<Offset>(records.size()); }
  // First offset of an open transaction; the end if there is none.
  Offset last_stable() const;
  // Adds what a reader sees from `position` on and moves it; at most `max_records` in the buffer.
  struct Reading {
    stream::Isolation isolation;
    std::size_t max_records;
    std::optional<Offset> end;  // nothing at or behind it is seen
  };
  void read(const Reading& reading, Offset& position, FakeBuffer& buffer) const;
};

struct FakeTopic {
  stream::TopicSpec spec;
  std::vector<FakePartition> partitions;
};

// Offsets of one group in one partition.
struct FakeOffsets {
  std::optional<Committed> committed;
  std::shared_ptr<TransactionState> pending;  // open: a commit is undecided
};

struct OpenTransaction {
  std::shared_ptr<TransactionState> state = std::make_shared<TransactionState>();
  std::set<FakePartition*> touched;
  std::vector<std::pair<FakeOffsets*, Committed>> offsets;
  bool orphaned = false;  // whoever opened it is gone
};

struct FakeGroup {
  struct Owned {
    std::uint64_t owner = 0;       // member; 0: nobody
    std::uint64_t target = 0;      // who shall have it
    std::uint64_t assignment = 0;  // rises with each change of owner
  };
  std::vector<Owned> partitions;
  std::map<std::string, std::uint64_t> members;  // instance id -> member, who count as alive
  std::map<std::pair<std::string, Partition>, FakeOffsets> offsets;

  void share_out();  // sticky: moves as few partitions as it can
  void give_up(std::uint64_t member);
};

struct FakeBroker {
  explicit FakeBroker(FakeLogOptions log_options)
      : options(log_options), records_per_poll(log_options.records_per_poll) {}

  struct Script {
    std::uint64_t at;
    Error error;
    bool after_effect;
  };

  // Counts the call. The error it is to fail with now, if any.
  std::optional<Script> next_failure(LogCall call);
  FakePartition* find(std::string_view topic, Partition partition);
  Result<FakePartition*> require(std::string_view topic, Partition partition);
  void append(OpenTransaction* transaction, const stream::Append& record);
  void end(OpenTransaction& transaction, TransactionState state);
  // Fences earlier users of the name and aborts what they have open. Gives the new generation.
  std::uint64_t open_transactions(const std::string& id);
  void wait(std::unique_lock<std::mutex>& lock, Deadline deadline);
  std::optional<Offset> limit(std::string_view topic) const;

  const FakeLogOptions options;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, FakeTopic, std::less<>> topics;
  std::map<std::string, FakeGroup, std::less<>> groups;
  std::map<std::string, std::uint64_t, std::less<>> writers;  // newest generation of each name
  std::map<std::string, OpenTransaction, std::less<>> transactions;  // by transactional id
  std::vector<std::pair<std::string, std::uint64_t>> dead_members;   // group, member
  std::map<LogCall, std::uint64_t> counts;
  std::multimap<LogCall, Script> scripts;
  std::uint64_t last_member = 0;
  int commit_polls = 0;
  bool crash = false;
  bool hold_acks = false;
  struct DelayedAppend {
    std::uint64_t ticket;
    std::string topic;
    Partition partition;
    std::string key;
    std::string value;
  };
  bool delay_appends = false;
  std::map<std::uint64_t, std::deque<DelayedAppend>> delayed;                // by member
  std::map<std::uint64_t, std::vector<stream::AppendAck>> acknowledgements;  // by member
  bool late_marks = false;
  std::vector<std::shared_ptr<TransactionState>> unmarked;  // committed, not yet for readers
  std::set<std::uint64_t> deaf;
  std::map<std::string, Offset, std::less<>> limits;  // by topic
  std::size_t records_per_poll;
  std::function<bool()> power_cut;
};

}  // namespace tailrace::fakes
