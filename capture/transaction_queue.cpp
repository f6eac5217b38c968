#include "capture/transaction_queue.hpp"

#include <algorithm>

namespace tailrace::capture {

bool TransactionQueue::put(Transaction transaction, std::size_t bytes,
                           std::unique_lock<std::mutex>& lock) {
  // One transaction larger than the limit passes alone.
  room_.wait(lock, [&] { return closed_ || entries_.empty() || bytes_ + bytes <= max_bytes_; });
  if (closed_) return false;
  transaction.position = tail_;
  bytes_ += bytes;
  entries_.push_back({std::move(transaction), bytes});
  lock.unlock();
  filled_.notify_one();
  return true;
}

bool TransactionQueue::push(Transaction transaction, const std::optional<Gtid>& gtid,
                            const BinlogPosition& end, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  // Wait before the tail moves: a merged position may not overtake this transaction.
  room_.wait(lock, [&] { return closed_ || entries_.empty() || bytes_ + bytes <= max_bytes_; });
  if (gtid) tail_.gtid_set.add(*gtid);
  tail_.binlog = end;
  transaction.transactions_skipped = skipped_;
  skipped_ = 0;
  moved_ = false;
  return put(std::move(transaction), bytes, lock);
}

bool TransactionQueue::push_here(Transaction transaction, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  return put(std::move(transaction), bytes, lock);
}

void TransactionQueue::set_tail(const SourcePosition& position) {
  const std::lock_guard lock(mutex_);
  tail_ = position;
}

SourcePosition TransactionQueue::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

void TransactionQueue::skip(const std::optional<Gtid>& gtid, const BinlogPosition& end) {
  {
    const std::lock_guard lock(mutex_);
    if (gtid) tail_.gtid_set.add(*gtid);
    tail_.binlog = end;
    ++skipped_;
    if (moved_) return;  // The consumer knows already that there is something to wait for.
    moved_ = true;
  }
  filled_.notify_one();
}

void TransactionQueue::advance(const BinlogPosition& end, bool announce) {
  {
    const std::lock_guard lock(mutex_);
    tail_.binlog = end;
    if (!announce || moved_) return;
    moved_ = true;
  }
  filled_.notify_one();
}

void TransactionQueue::notice(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    // What was read before comes before: a position behind the error says that the stream is back.
    if (moved_) entries_.push_back({take_position(std::chrono::steady_clock::now()), 0});
    entries_.push_back({std::move(error), 0});
  }
  filled_.notify_one();
}

void TransactionQueue::close(std::optional<Error> error) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    error_ = std::move(error);
  }
  room_.notify_all();
  filled_.notify_all();
}

Transaction TransactionQueue::take_position(Deadline now) {
  Transaction position;
  position.kind = TransactionKind::position_only;
  position.transactions_skipped = skipped_;
  position.position = tail_;
  skipped_ = 0;
  moved_ = false;
  position_due_ = now + between_positions;
  return position;
}

Result<std::optional<Transaction>> TransactionQueue::pop(Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (entries_.empty()) {
    const Deadline now = std::chrono::steady_clock::now();
    if (moved_ && (now >= position_due_ || closed_)) {
      return std::optional<Transaction>(take_position(now));
    }
    if (closed_) {
      if (error_) return Failure(*error_);
      return std::nullopt;
    }
    if (now >= deadline) return std::nullopt;
    filled_.wait_until(lock, moved_ ? std::min(deadline, position_due_) : deadline);
  }
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  bytes_ -= entry.bytes;
  lock.unlock();
  room_.notify_one();
  if (auto* error = std::get_if<Error>(&entry.item)) return Failure(std::move(*error));
  return std::optional<Transaction>(std::move(std::get<Transaction>(entry.item)));
}

}  // namespace tailrace::capture
