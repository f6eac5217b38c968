#include "capture/transaction_queue.hpp"

#include <algorithm>

namespace tailrace::capture {

// One transaction larger than the limit passes alone.
void TransactionQueue::wait_for_room(std::size_t bytes, std::unique_lock<std::mutex>& lock) {
  const auto has_room = [&] { return closed_ || entries_.empty() || bytes_ + bytes <= max_bytes_; };
  if (has_room()) return;
  full_ = true;
  filled_.notify_all();
  room_.wait(lock, has_room);
  full_ = false;
}

bool TransactionQueue::put(ReadTransaction read, std::size_t bytes,
                           std::unique_lock<std::mutex>& lock) {
  wait_for_room(bytes, lock);
  if (closed_) return false;
  read.transaction.position = tail_;
  bytes_ += bytes;
  entries_.push_back({std::move(read), bytes});
  lock.unlock();
  filled_.notify_all();
  return true;
}

void TransactionQueue::pass(const Passed& passed) {
  if (!passed.prepared.empty()) {
    tail_.prepared.push_back({passed.prepared, passed.prepared_rows, tail_.gtid_set, tail_.binlog});
  }
  if (!passed.ended.empty()) {
    std::erase_if(tail_.prepared, [&](const PreparedTransaction& prepared) {
      return prepared.xid == passed.ended;
    });
  }
  if (passed.set) {
    tail_.gtid_set = *passed.set;
  } else if (passed.gtid) {
    tail_.gtid_set.add(*passed.gtid);
  }
  tail_.binlog = passed.end;
}

bool TransactionQueue::push(ReadTransaction read, const Passed& passed, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  // Wait before the tail moves: a merged position may not overtake this transaction.
  wait_for_room(bytes, lock);
  pass(passed);
  read.transaction.transactions_skipped = skipped_;
  skipped_ = 0;
  moved_ = false;
  return put(std::move(read), bytes, lock);
}

bool TransactionQueue::push_here(ReadTransaction read, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  return put(std::move(read), bytes, lock);
}

void TransactionQueue::set_tail(const SourcePosition& position) {
  const std::lock_guard lock(mutex_);
  tail_ = position;
}

SourcePosition TransactionQueue::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

void TransactionQueue::skip(const Passed& passed) {
  {
    const std::lock_guard lock(mutex_);
    pass(passed);
    ++skipped_;
    if (moved_) return;  // The consumer knows already that there is something to wait for.
    moved_ = true;
  }
  filled_.notify_all();
}

bool TransactionQueue::has_passed(const Passed& passed) const {
  const std::lock_guard lock(mutex_);
  if (passed.set) return !before(tail_.binlog, passed.end);
  return passed.gtid && tail_.gtid_set.contains(*passed.gtid);
}

void TransactionQueue::advance(const Passed& passed, bool announce) {
  {
    const std::lock_guard lock(mutex_);
    if (passed.set && before(passed.end, tail_.binlog)) return;
    pass(passed);
    if (!announce || moved_) return;
    moved_ = true;
  }
  filled_.notify_all();
}

void TransactionQueue::notice(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    // What was read before comes before: a position behind the error says that the stream is back.
    if (moved_) entries_.push_back({take_position(std::chrono::steady_clock::now()), 0});
    entries_.push_back({std::move(error), 0});
  }
  filled_.notify_all();
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

ReadTransaction TransactionQueue::take_position(Deadline now) {
  ReadTransaction read;
  Transaction& position = read.transaction;
  position.kind = TransactionKind::position_only;
  position.transactions_skipped = skipped_;
  position.position = tail_;
  skipped_ = 0;
  moved_ = false;
  position_due_ = now + between_positions;
  return read;
}

Result<std::optional<ReadTransaction>> TransactionQueue::pop(Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (entries_.empty()) {
    const Deadline now = std::chrono::steady_clock::now();
    if (moved_ && (now >= position_due_ || closed_)) {
      return std::optional<ReadTransaction>(take_position(now));
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
  return std::optional<ReadTransaction>(std::move(std::get<ReadTransaction>(entry.item)));
}

bool TransactionQueue::wait_until_read(const GtidSet& wanted, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto is_read = [&] { return tail_.gtid_set.contains(wanted); };
  filled_.wait_until(lock, deadline, [&] { return is_read() || closed_ || full_; });
  return is_read();
}

bool TransactionQueue::holds_statement_about(const TableId& table) const {
  const std::lock_guard lock(mutex_);
  const auto about = [&](const LoggedStatement& statement) {
    const auto& tables = statement.what.tables;
    return std::any_of(tables.begin(), tables.end(), [&](const TableId& named) {
      return named.database == table.database &&
             (named.table == table.table || named.table.empty());
    });
  };
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const auto* const read = std::get_if<ReadTransaction>(&entry.item);
    return read != nullptr && std::any_of(read->statements.begin(), read->statements.end(), about);
  });
}

}  // namespace tailrace::capture
