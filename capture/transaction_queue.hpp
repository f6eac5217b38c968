// Joins the reader with whoever calls next(): bounded in bytes, keeps the position of its tail, and
// merges what needs no transaction of its own (skipped transactions, heartbeats) into one position.
// What was prepared with XA is part of the position: both change at once.
// Threading: one producer, one consumer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "capture/logged_statement.hpp"
#include "capture/schema_catalog.hpp"
#include "core/change.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

// A transaction as the reader hands it on: table events are made from its statements, and its rows
// are decoded, where it is taken out.
struct ReadTransaction {
  Transaction transaction;
  std::vector<LoggedStatement> statements;
  std::optional<SchemaCatalog> catalog;  // what tables look like from here on, as the server says
};

// What the stream has passed with a transaction.
struct Passed {
  std::optional<Gtid> gtid{};
  BinlogPosition end{};
  std::string prepared{};  // XA: this one joins the prepared ones, which end with `ended`
  bool prepared_rows = false;
  std::string ended{};
  std::optional<GtidSet> set{};  // all there is up to `end`, of a server without GTIDs
};

class TransactionQueue {
 public:
  TransactionQueue(std::size_t max_bytes, SourcePosition begin)
      : max_bytes_(max_bytes), tail_(std::move(begin)) {}

  // The reader's side. Every push waits for room; false: the queue is closed.

  // A transaction with rows or table events; gets the position behind it and the skipped ones.
  bool push(ReadTransaction read, const Passed& passed, std::size_t bytes);
  // A transaction that belongs to the tail's position: of a first load.
  bool push_here(ReadTransaction read, std::size_t bytes);
  // Changes the tail's position, which the following transactions carry.
  void set_tail(const SourcePosition& position);
  SourcePosition tail() const;
  // A transaction without anything mapped.
  void skip(const Passed& passed);
  // Whether the tail is there or further already: the transaction comes again.
  bool has_passed(const Passed& passed) const;
  // The stream got further without a transaction; `announce`: next() shall say so. A place in front
  // of the tail changes nothing.
  void advance(const Passed& passed, bool announce);
  // A broken connection: next() returns it once, after all that was read before it; whatever
  // follows was read on a new connection.
  void notice(Error error);
  void close(std::optional<Error> error = std::nullopt);

  // The consumer's side: nullopt: nothing before the deadline.
  Result<std::optional<ReadTransaction>> pop(Deadline deadline);
  // Waits until the tail holds `wanted`; false: not before the deadline, or there is no room.
  bool wait_until_read(const GtidSet& wanted, Deadline deadline);
  // Whether a statement that waits here names the table.
  bool holds_statement_about(const TableId& table) const;

 private:
  struct Entry {
    std::variant<ReadTransaction, Error> item;
    std::size_t bytes;
  };
  static constexpr Milliseconds between_positions{100};

  bool put(ReadTransaction read, std::size_t bytes, std::unique_lock<std::mutex>& lock);
  void wait_for_room(std::size_t bytes, std::unique_lock<std::mutex>& lock);
  void pass(const Passed& passed);
  ReadTransaction take_position(Deadline now);

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  SourcePosition tail_;
  std::uint64_t skipped_ = 0;
  bool full_ = false;        // a transaction waits for room
  bool moved_ = false;       // the tail has a position that no transaction told
  Deadline position_due_{};  // the next position_only not before
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace tailrace::capture
