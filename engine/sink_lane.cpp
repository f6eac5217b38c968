#include "engine/sink_lane.hpp"

#include <random>

#include "core/log.hpp"

namespace tailrace::engine {

SinkLane::SinkLane(SinkLaneOptions options, std::unique_ptr<sinks::DocumentSink> sink,
                   sinks::LogIdentity identity, StatusBoard& board)
    : options_(std::move(options)),
      sink_(std::move(sink)),
      identity_(std::move(identity)),
      board_(board) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

SinkLane::~SinkLane() = default;

bool SinkLane::has_room() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !fatal_ && !away_since_;
}

void SinkLane::submit(SinkBatch batch) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

std::vector<SinkOutcome> SinkLane::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::optional<Deadline> SinkLane::away_since() const {
  const std::lock_guard lock(mutex_);
  return away_since_;
}

std::optional<Error> SinkLane::fatal() const {
  const std::lock_guard lock(mutex_);
  return fatal_;
}

void SinkLane::ask_older(std::uint16_t generation, std::size_t limit) {
  {
    const std::lock_guard lock(mutex_);
    question_ = OlderQuestion{generation, limit};
  }
  changed_.notify_all();
}

std::optional<std::vector<std::string>> SinkLane::take_older() {
  const std::lock_guard lock(mutex_);
  return std::exchange(older_, std::nullopt);
}

bool SinkLane::open(const std::stop_token& stop) {
  for (unsigned attempt = 0;; ++attempt) {
    Result<void> outcome;
    auto known = sink_->open();
    if (!known) {
      outcome = Failure(known.error());
    } else if (*known && (*known)->log_id != identity_.log_id &&
               (*known)->generation >= identity_.generation) {
      // It was away when the generation was settled. Starting again settles it.
      outcome = halt("sink.of_another_log",
                     "sink " + options_.name +
                         " holds documents of another log; start the pipeline again "
                         "while the sink answers");
    } else if (!*known || **known != identity_) {
      outcome = sink_->set_identity(identity_);
    }
    if (outcome) {
      answered();
      return true;
    }
    if (!back_off(outcome.error(), attempt, stop)) return false;
  }
}

void SinkLane::run(const std::stop_token& stop) {
  if (!open(stop)) return;
  while (true) {
    SinkBatch batch;
    std::optional<OlderQuestion> question;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return !waiting_.empty() || question_; })) return;
      if (waiting_.empty()) {
        question = std::exchange(question_, std::nullopt);
      } else {
        batch = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    if (question) {
      answer(*question, stop);
    } else {
      work(batch, stop);
    }
  }
}

void SinkLane::work(const SinkBatch& batch, const std::stop_token& stop) {
  for (unsigned attempt = 0;; ++attempt) {
    const Deadline began = system_clock().now();
    auto results = sink_->apply(batch.writes);
    board_.observe("tailrace_bulk_seconds{sink=\"" + options_.name + "\"}",
                   std::chrono::duration<double>(system_clock().now() - began).count());
    if (results) {
      answered();
      const std::lock_guard lock(mutex_);
      done_.push_back({batch.id, std::move(*results)});
      return;
    }
    if (!back_off(results.error(), attempt, stop)) return;
  }
}

void SinkLane::answer(const OlderQuestion& question, const std::stop_token& stop) {
  for (unsigned attempt = 0;; ++attempt) {
    auto ids = sink_->older_than(question.generation, question.limit);
    if (ids) {
      answered();
      const std::lock_guard lock(mutex_);
      older_ = std::move(*ids);
      return;
    }
    if (!back_off(ids.error(), attempt, stop)) return;
  }
}

void SinkLane::answered() {
  const std::lock_guard lock(mutex_);
  if (away_since_) log_info("sink.answers", {{"sink", options_.name}});
  away_since_.reset();
  board_.set("sink " + options_.name, Phase::streaming);
}

bool SinkLane::back_off(const Error& error, unsigned attempt, const std::stop_token& stop) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  std::unique_lock lock(mutex_);
  if (error.disposition != Disposition::retry) {
    fatal_ = error;
    return false;
  }
  if (!away_since_) {
    away_since_ = system_clock().now();
    log_warn("sink.unreachable",
             {{"sink", options_.name}, {"code", error.code}, {"message", error.message}});
  }
  board_.set("sink " + options_.name, Phase::degraded, error.code, error.message);
  board_.count("tailrace_retries_total{target=\"" + options_.name + "\"}");
  changed_.wait_for(lock, stop, options_.retry.delay(attempt, random()), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace tailrace::engine
