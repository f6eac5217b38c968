// Joins the reader with whoever calls next(): bounded in bytes, keeps the position of its tail, and
// merges what needs no transaction of its own (skipped transactions, heartbeats) into one position.
// Threading: one producer, one consumer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <variant>

#include "core/change.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

class TransactionQueue {
 public:
  TransactionQueue(std::size_t max_bytes, SourcePosition begin)
      : max_bytes_(max_bytes), tail_(std::move(begin)) {}

  // The reader's side. Every push waits for room; false: the queue is closed.

  // A transaction with rows or table events; gets the position behind it and the skipped ones.
  bool push(Transaction transaction, const std::optional<Gtid>& gtid, const BinlogPosition& end,
            std::size_t bytes);
  // A transaction that belongs to the tail's position: of a first load.
  bool push_here(Transaction transaction, std::size_t bytes);
  // Changes the tail's position, which the following transactions carry.
  void set_tail(const SourcePosition& position);
  SourcePosition tail() const;
  // A transaction without anything mapped.
  void skip(const std::optional<Gtid>& gtid, const BinlogPosition& end);
  // The stream got further without a transaction; `announce`: next() shall say so.
  void advance(const BinlogPosition& end, bool announce);
  // A broken connection: next() returns it once, after all that was read before it; whatever
  // follows was read on a new connection.
  void notice(Error error);
  void close(std::optional<Error> error = std::nullopt);

  // The consumer's side: nullopt: nothing before the deadline.
  Result<std::optional<Transaction>> pop(Deadline deadline);

 private:
  struct Entry {
    std::variant<Transaction, Error> item;
    std::size_t bytes;
  };
  static constexpr Milliseconds between_positions{100};

  bool put(Transaction transaction, std::size_t bytes, std::unique_lock<std::mutex>& lock);
  Transaction take_position(Deadline now);

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  SourcePosition tail_;
  std::uint64_t skipped_ = 0;
  bool moved_ = false;        // the tail has a position that no transaction told
  Deadline position_due_{};   // the next position_only not before
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace tailrace::capture
