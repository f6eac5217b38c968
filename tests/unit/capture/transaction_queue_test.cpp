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
  ASSERT_TRUE(queue.push({}, {gtid(1), at(10)}, 1));
  ASSERT_TRUE(queue.push({}, {gtid(2), at(20)}, 1));
  const auto first = queue.pop(soon());
  const auto second = queue.pop(soon());
  EXPECT_FALSE((*first)->transaction.position.gtid_set.contains(gtid(2)));
  EXPECT_EQ((*first)->transaction.position.binlog, at(10));
  EXPECT_TRUE((*second)->transaction.position.gtid_set.contains(gtid(2)));
  EXPECT_FALSE(*queue.pop(at_once()));
}

TEST(TransactionQueue, MergesSkippedTransactions) {
  TransactionQueue queue(1000, {});
  for (int i = 1; i <= 5; ++i) queue.skip({gtid(i), at(static_cast<std::uint64_t>(i))});
  const auto merged = queue.pop(soon());
  EXPECT_EQ((*merged)->transaction.kind, TransactionKind::position_only);
  EXPECT_EQ((*merged)->transaction.transactions_skipped, 5u);
  EXPECT_TRUE((*merged)->transaction.position.gtid_set.contains(gtid(5)));
  queue.skip({gtid(6), at(6)});
  EXPECT_FALSE(*queue.pop(at_once())) << "not sooner than 100 ms after the last one";
  const auto later = queue.pop(soon());
  EXPECT_EQ((*later)->transaction.transactions_skipped, 1u);
}

TEST(TransactionQueue, CountsSkippedOnesIntoTheNextTransaction) {
  TransactionQueue queue(1000, {});
  queue.skip({gtid(1), at(1)});
  ASSERT_TRUE(queue.push({}, {gtid(2), at(2)}, 1));
  const auto next = queue.pop(soon());
  EXPECT_EQ((*next)->transaction.transactions_skipped, 1u);
  EXPECT_FALSE(*queue.pop(at_once()));
}

TEST(TransactionQueue, KeepsWhatIsPreparedInThePosition) {
  TransactionQueue queue(1000, {});
  queue.skip({.gtid = gtid(1), .end = at(10)});
  queue.skip({.gtid = gtid(2), .end = at(20), .prepared = "1,61,", .prepared_rows = true});
  const PreparedTransaction prepared = queue.tail().prepared.at(0);
  EXPECT_EQ(prepared.xid, "1,61,");
  EXPECT_TRUE(prepared.mapped);
  EXPECT_FALSE(prepared.gtid_set.contains(gtid(2))) << "it is read again from in front of it";
  EXPECT_EQ(prepared.binlog, at(10));
  ASSERT_TRUE(queue.push({}, {.gtid = gtid(3), .end = at(30), .ended = "1,61,"}, 1));
  EXPECT_TRUE(queue.tail().prepared.empty());
}

TEST(TransactionQueue, TellsWhatStatementsWaitInIt) {
  TransactionQueue queue(1000, {});
  ReadTransaction read;
  read.statements.push_back({.what = {StatementKind::alter, {{"shop", "t"}}}});
  ASSERT_TRUE(queue.push(std::move(read), {gtid(1), at(10)}, 1));
  EXPECT_TRUE(queue.holds_statement_about({"shop", "t"}));
  EXPECT_FALSE(queue.holds_statement_about({"shop", "u"}));
  GtidSet wanted;
  wanted.add(gtid(1));
  EXPECT_TRUE(queue.wait_until_read(wanted, at_once()));
  wanted.add(gtid(2));
  EXPECT_FALSE(queue.wait_until_read(wanted, at_once()));
}

TEST(TransactionQueue, IsBoundedInBytesButLetsALargeOneThroughAlone) {
  TransactionQueue queue(100, {});
  ASSERT_TRUE(queue.push({}, {gtid(1), at(1)}, 5000));
  std::jthread producer([&] { queue.push({}, {gtid(2), at(2)}, 1); });
  std::this_thread::yield();
  EXPECT_TRUE(*queue.pop(soon()));
  EXPECT_TRUE(*queue.pop(soon()));
}

TEST(TransactionQueue, TellsWhatWasReadBeforeANoticeBeforeIt) {
  TransactionQueue queue(100, {});
  queue.skip({gtid(1), at(1)});
  ASSERT_TRUE(*queue.pop(soon()));
  queue.skip({gtid(2), at(2)});  // due in 100 ms
  queue.notice({Disposition::retry, "source.unreachable", ""});
  const auto position = queue.pop(at_once());
  ASSERT_TRUE(*position);
  EXPECT_TRUE((*position)->transaction.position.gtid_set.contains(gtid(2)));
  EXPECT_EQ(queue.pop(at_once()).error().code, "source.unreachable");
  EXPECT_FALSE(*queue.pop(soon())) << "nothing was read on a new connection";
}

TEST(TransactionQueue, TellsANoticeOnceAndAnErrorForEver) {
  TransactionQueue queue(100, {});
  queue.notice({Disposition::retry, "source.unreachable", ""});
  ASSERT_TRUE(queue.push({}, {gtid(1), at(1)}, 1));
  queue.close(Error{Disposition::halt, "source.purged", ""});
  EXPECT_EQ(queue.pop(soon()).error().code, "source.unreachable");
  EXPECT_TRUE(*queue.pop(soon()));
  EXPECT_EQ(queue.pop(soon()).error().code, "source.purged");
  EXPECT_EQ(queue.pop(soon()).error().code, "source.purged");
  EXPECT_FALSE(queue.push({}, {gtid(2), at(2)}, 1));
}

}  // namespace
}  // namespace tailrace::capture
