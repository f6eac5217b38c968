// What the contract suite and the scenario tests need of a log, and short words for using it.
// Threading: one thread.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "stream/event_log.hpp"

namespace tailrace::stream::testing {

// One log for one test, alive with it.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  virtual EventLog& log() = 0;
  virtual bool takes_several_members() const = 0;
  // Makes topic and group names of this test its own.
  virtual std::string name(std::string_view plain) const { return std::string(plain); }
};

struct LogKind {
  std::string name;
  std::function<std::unique_ptr<LogUnderTest>()> make;  // null inside: skip, servers are missing
};

// The name that ctest shows; without it, an address.
inline void PrintTo(const LogKind& kind, std::ostream* out) { *out << kind.name; }

struct Owned {
  Partition partition;
  Offset offset;
  std::string key;
  std::optional<std::string> value;
};

inline Deadline in_ms(int ms) { return system_clock().now() + Milliseconds(ms); }
inline constexpr int patience_ms = 20'000;

inline void own(std::span<const Record> records, std::vector<Owned>& out) {
  for (const Record& record : records) {
    Owned owned{record.partition, record.offset, std::string(record.key), std::nullopt};
    if (record.value) owned.value = std::string(*record.value);
    out.push_back(std::move(owned));
  }
}

inline std::vector<std::string> values(const std::vector<Owned>& records) {
  std::vector<std::string> out;
  for (const Owned& record : records) out.push_back(record.value.value_or("<none>"));
  return out;
}

// Reads until `count` records have come.
inline std::vector<Owned> read(TopicReader& reader, std::size_t count) {
  std::vector<Owned> out;
  for (const Deadline end = in_ms(patience_ms); out.size() < count && system_clock().now() < end;) {
    const auto records = reader.poll(in_ms(200));
    if (!records) {
      ADD_FAILURE() << records.error().code << ": " << records.error().message;
      break;
    }
    own(*records, out);
  }
  return out;
}

// Reads until the position has reached the end.
inline std::vector<Owned> read_to_end(TopicReader& reader) {
  std::vector<Owned> out;
  const auto bounds = reader.bounds();
  EXPECT_TRUE(bounds);
  const Deadline end = in_ms(patience_ms);
  while (bounds && reader.position() < bounds->end && system_clock().now() < end) {
    const auto records = reader.poll(in_ms(200));
    if (!records) {
      ADD_FAILURE() << records.error().code << ": " << records.error().message;
      break;
    }
    own(*records, out);
  }
  EXPECT_GE(reader.position(), bounds->end);
  return out;
}

// Remembers what it was told; `on_revoke` runs inside the revocation.
struct Assignments final : AssignmentListener {
  void on_assigned(std::span<const Partition> partitions) override {
    assigned.insert(assigned.end(), partitions.begin(), partitions.end());
    owned.insert(owned.end(), partitions.begin(), partitions.end());
  }
  void on_revoked(std::span<const Partition> partitions, bool was_lost) override {
    if (on_revoke) on_revoke(partitions, was_lost);
    for (const Partition partition : partitions) {
      (was_lost ? lost : revoked).push_back(partition);
      std::erase(owned, partition);
    }
  }

  std::vector<Partition> assigned, owned, revoked, lost;
  std::function<void(std::span<const Partition>, bool)> on_revoke;
};

// Polls until `done`; false: patience ran out. What came is added to `out`.
inline bool poll_until(GroupMember& member, Assignments& assignments, std::vector<Owned>& out,
                       const std::function<bool()>& done) {
  for (const Deadline end = in_ms(patience_ms); !done();) {
    if (system_clock().now() >= end) return false;
    const auto records = member.poll(in_ms(50), assignments);
    if (!records) {
      ADD_FAILURE() << records.error().code << ": " << records.error().message;
      return false;
    }
    own(*records, out);
  }
  return true;
}

// The outcome of a commit, waited for.
inline Result<void> commit(GroupMember& member, CommitBatch batch) {
  TAILRACE_TRY(member.begin_commit(std::move(batch)));
  for (const Deadline end = in_ms(patience_ms); system_clock().now() < end;) {
    if (auto outcome = member.poll_commit(end)) return *outcome;
  }
  return halt("test.patience", "no outcome of a commit");
}

// Asks again while an earlier owner's transaction is undecided.
inline Result<std::optional<Committed>> fetch_committed(GroupMember& member, Partition partition) {
  for (const Deadline end = in_ms(patience_ms);;) {
    auto committed = member.fetch_committed(partition);
    const bool again = !committed && committed.error().disposition == Disposition::retry;
    if (!again || system_clock().now() >= end) return committed;
  }
}

#define ASSERT_RESULT(expression)                                                     \
  do {                                                                                \
    const auto& result_ = (expression);                                               \
    ASSERT_TRUE(result_) << result_.error().code << ": " << result_.error().message; \
  } while (false)

}  // namespace tailrace::stream::testing
