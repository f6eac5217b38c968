// Sends one batch of writes as `_bulk` requests, several at once, and collects their outcomes.
// Nothing is retried here; only a request that is too large, or that the server refuses because of
// one of its documents, is cut in halves until the culprit stands alone.
// Threading: one thread; the client is not used by others meanwhile.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/document.hpp"
#include "sinks/elasticsearch/http_client.hpp"

namespace tailrace::sinks {

struct BulkLimits {
  std::size_t documents = 1000;  // of one request
  std::size_t bytes = 8u << 20;
  std::size_t in_flight = 4;
};

class BulkRun {
 public:
  // `path`: the address of the bulks of one index.
  BulkRun(HttpClient& client, std::string path, BulkLimits limits,
          std::span<const DocumentWrite> batch);

  // Once. The outer error: no request was answered, or the index is gone.
  Result<std::vector<Result<void>>> run();

 private:
  struct Part {  // of sendable_
    std::size_t begin;
    std::size_t end;
  };

  void plan();
  void send(Part part);
  void take(HttpCompletion done);
  void take_answer(Part part, const HttpResponse& response);
  void split(Part part, Error alone);
  void fail(Part part, const Error& error);
  std::string place(const HttpResponse& response) const;

  HttpClient& client_;
  const std::string path_;
  const BulkLimits limits_;
  const std::span<const DocumentWrite> batch_;
  std::vector<std::size_t> sendable_;  // places in batch_
  std::vector<Result<void>> outcomes_;
  std::deque<Part> waiting_;
  std::vector<Part> sent_;           // by tag
  std::optional<Error> unanswered_;  // of a request nothing is known about
  std::optional<Error> gone_;
  bool answered_ = false;  // at least one request was
};

}  // namespace tailrace::sinks
