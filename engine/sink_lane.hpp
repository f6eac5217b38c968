// A DocumentSink on a thread of its own behind the SinkPort: one batch in work, one waiting, so
// that the sink never waits for the projector. A batch whose sink is unreachable is retried here
// with back-off until it answers.
// Threading: the port's methods from the projector's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/sink_port.hpp"
#include "engine/status_board.hpp"
#include "sinks/document_sink.hpp"
#include "sinks/retry_policy.hpp"

namespace tailrace::engine {

struct SinkLaneOptions {
  std::string name;
  std::size_t max_documents = 1000;
  std::size_t max_bytes = 8u << 20;
  sinks::RetryPolicy retry;
};

class SinkLane final : public SinkPort {
 public:
  // Opens the sink on its thread, as soon as it answers, and tells it the log's identity.
  SinkLane(SinkLaneOptions options, std::unique_ptr<sinks::DocumentSink> sink,
           sinks::LogIdentity identity, StatusBoard& board);
  ~SinkLane() override;

  const std::string& name() const override { return options_.name; }
  std::size_t max_documents() const override { return options_.max_documents; }
  std::size_t max_bytes() const override { return options_.max_bytes; }
  bool has_room() const override;
  void submit(SinkBatch batch) override;
  std::vector<SinkOutcome> take() override;
  std::optional<Deadline> away_since() const override;
  std::optional<Error> fatal() const override;
  void ask_older(std::uint16_t generation, std::size_t limit) override;
  std::optional<std::vector<std::string>> take_older() override;

 private:
  struct OlderQuestion {
    std::uint16_t generation;
    std::size_t limit;
  };
  void run(const std::stop_token& stop);
  // False: stopped, or it can never be opened.
  bool open(const std::stop_token& stop);
  void work(const SinkBatch& batch, const std::stop_token& stop);
  void answer(const OlderQuestion& question, const std::stop_token& stop);
  // False: stopped while waiting. Marks the sink as away.
  bool back_off(const Error& error, unsigned attempt, const std::stop_token& stop);
  void answered();

  const SinkLaneOptions options_;
  std::unique_ptr<sinks::DocumentSink> sink_;
  const sinks::LogIdentity identity_;
  StatusBoard& board_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<SinkBatch> waiting_;
  bool working_ = false;
  std::vector<SinkOutcome> done_;
  std::optional<Deadline> away_since_;
  std::optional<Error> fatal_;
  std::optional<OlderQuestion> question_;
  std::optional<std::vector<std::string>> older_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace tailrace::engine
