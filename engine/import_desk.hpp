// Where others ask a capture to read roots again (engine.md §8), and see how far it is.
// Threading: any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace tailrace::engine {

struct ImportRequest {
  std::string document;          // type
  std::vector<std::string> ids;  // of documents
};

struct ImportReceipt {
  std::uint64_t number = 0;  // 0: none of the ids is of this shard
  std::size_t roots = 0;     // ids of this shard
};

struct ImportReport {
  std::uint64_t number = 0;
  std::string document;  // empty: rows of `table`, which documents look up
  std::string table;
  std::uint64_t roots = 0;
  std::uint64_t done = 0;
  std::uint64_t again = 0;  // read once more, because they changed meanwhile; since capture opened
  std::int64_t since_us = 0;
  std::string problem;  // why it does not go on; empty: it does
};

class ImportDesk {
 public:
  // --- who asks; these return when the answer is in the log for good.
  // Errors: dead_letter import.bad_id, import.no_document, import.nested, import.full: refused;
  // retry import.busy: no capture took it in time, or two others wait already: whoever asks holds a
  // thread that others want, too.
  Result<ImportReceipt> start(ImportRequest request, Deadline deadline);
  // The same for who waits elsewhere.
  std::future<Result<ImportReceipt>> post(ImportRequest request);
  // Error dead_letter import.unknown: no such number, or it is done.
  Result<ImportReceipt> stop(std::uint64_t number, Deadline deadline);
  std::vector<ImportReport> list() const;

  // --- capture
  struct Order {
    ImportRequest request;
    std::uint64_t stops = 0;  // the number to stop; 0: starts one
    std::promise<Result<ImportReceipt>> answer;
  };
  std::unique_ptr<Order> take();  // null: nobody asks
  void show(std::vector<ImportReport> reports);

 private:
  std::future<Result<ImportReceipt>> put(std::unique_ptr<Order> order);
  Result<ImportReceipt> ask(std::unique_ptr<Order> order, Deadline deadline);

  mutable std::mutex mutex_;
  std::size_t asking_ = 0;  // threads in ask()
  std::deque<std::unique_ptr<Order>> orders_;
  std::vector<ImportReport> reports_;
};

}  // namespace tailrace::engine
