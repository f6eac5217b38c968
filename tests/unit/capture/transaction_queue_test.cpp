#include "capture/transaction_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace tailrace::capture {
namespace {

Deadline soon() { return std::chrono::steady_clock::now() + Milliseconds(300); }
Deadline at_once() { return std::chrono::steady_clock::now(); }

Gtid gtid(std::int64_t number) {
  MysqlGtid id;
  id.number = number;
  return id;
}
BinlogPosition at(std::uint64_t offset) { return {"binlog.000001", offset}; }

TEST(TransactionQueue, GivesEachTransactionThePositionBehindIt) {
  TransactionQueue queue(1000, {});
  ASSERT_TRUE(queue.push({}, gtid(1), at(10), 1));
  ASSERT_TRUE(queue.push({}, gtid(2), at(20), 1));
  const auto first = queue.pop(soon());
  const auto second = queue.pop(soon());
  EXPECT_FALSE((*first)->position.gtid_set.contains(gtid(2)));
  EXPECT_EQ((*first)->position.binlog, at(10));
  EXPECT_TRUE((*second)->position.gtid_set.contains(gtid(2)));
  EXPECT_FALSE(*queue.pop(at_once()));
}

TEST(TransactionQueue, MergesSkippedTransactions) {
  TransactionQueue queue(1000, {});
  for (int i = 1; i <= 5; ++i) queue.skip(gtid(i), at(static_cast<std::uint64_t>(i)));
  const auto merged = queue.pop(soon());
  EXPECT_EQ((*merged)->kind, TransactionKind::position_only);
  EXPECT_EQ((*merged)->transactions_skipped, 5u);
  EXPECT_TRUE((*merged)->position.gtid_set.contains(gtid(5)));
  queue.skip(gtid(6), at(6));
  EXPECT_FALSE(*queue.pop(at_once())) << "not sooner than 100 ms after the last one";
  const auto later = queue.pop(soon());
  EXPECT_EQ((*later)->transactions_skipped, 1u);
}

TEST(TransactionQueue, CountsSkippedOnesIntoTheNextTransaction) {
  TransactionQueue queue(1000, {});
  queue.skip(gtid(1), at(1));
  ASSERT_TRUE(queue.push({}, gtid(2), at(2), 1));
  const auto next = queue.pop(soon());
  EXPECT_EQ((*next)->transactions_skipped, 1u);
  EXPECT_FALSE(*queue.pop(at_once()));
}

TEST(TransactionQueue, IsBoundedInBytesButLetsALargeOneThroughAlone) {
  TransactionQueue queue(100, {});
  ASSERT_TRUE(queue.push({}, gtid(1), at(1), 5000));
  std::jthread producer([&] { queue.push({}, gtid(2), at(2), 1); });
  std::this_thread::yield();
  EXPECT_TRUE(*queue.pop(soon()));
  EXPECT_TRUE(*queue.pop(soon()));
}

TEST(TransactionQueue, TellsWhatWasReadBeforeANoticeBeforeIt) {
  TransactionQueue queue(100, {});
  queue.skip(gtid(1), at(1));
  ASSERT_TRUE(*queue.pop(soon()));
  queue.skip(gtid(2), at(2));  // due in 100 ms
  queue.notice({Disposition::retry, "source.unreachable", ""});
  const auto position = queue.pop(at_once());
  ASSERT_TRUE(*position);
  EXPECT_TRUE((*position)->position.gtid_set.contains(gtid(2)));
  EXPECT_EQ(queue.pop(at_once()).error().code, "source.unreachable");
  EXPECT_FALSE(*queue.pop(soon())) << "nothing was read on a new connection";
}

TEST(TransactionQueue, TellsANoticeOnceAndAnErrorForEver) {
  TransactionQueue queue(100, {});
  queue.notice({Disposition::retry, "source.unreachable", ""});
  ASSERT_TRUE(queue.push({}, gtid(1), at(1), 1));
  queue.close(Error{Disposition::halt, "source.purged", ""});
  EXPECT_EQ(queue.pop(soon()).error().code, "source.unreachable");
  EXPECT_TRUE(*queue.pop(soon()));
  EXPECT_EQ(queue.pop(soon()).error().code, "source.purged");
  EXPECT_EQ(queue.pop(soon()).error().code, "source.purged");
  EXPECT_FALSE(queue.push({}, gtid(2), at(2), 1));
}

}  // namespace
}  // namespace tailrace::capture
