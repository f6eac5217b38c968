// A change log that is full already, and a sink that takes everything: what projector_bench puts
// around the real engine. Offsets are places in a deque; commits succeed at once.
// Threading: one thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/sink_port.hpp"
#include "stream/event_log.hpp"

namespace tailrace::bench {

using engine::SinkBatch;
using engine::SinkOutcome;
using stream::Offset;
using stream::Partition;

struct Stored {
  std::string key;
  std::string value;
};

// One partition. What was committed can be forgotten, so that a long run holds no more than its
// newest part.
class Log {
 public:
  void push_back(Stored stored) {
    bytes_ += stored.key.size() + stored.value.size() + sizeof(Stored);
    records_.push_back(std::move(stored));
  }
  const Stored& at(Offset offset) const {
    return records_[static_cast<std::size_t>(offset - start_)];
  }
  Offset start() const { return start_; }
  Offset end() const { return start_ + static_cast<Offset>(records_.size()); }
  std::uint64_t bytes() const { return bytes_; }  // ever written
  void forget_all() {
    start_ = end();
    std::deque<Stored>().swap(records_);
  }

 private:
  std::deque<Stored> records_;
  Offset start_ = 0;
  std::uint64_t bytes_ = 0;
};

class Reader final : public stream::TopicReader {
 public:
  Reader(const Log& log, Offset from) : log_(log), next_(from) {}
  Result<std::span<const stream::Record>> poll(Deadline) override {
    records_.clear();
    for (; next_ < log_.end() && records_.size() < 1000; ++next_) {
      const Stored& stored = log_.at(next_);
      records_.push_back({0, next_, stored.key, stored.value});
    }
    return std::span<const stream::Record>(records_);
  }
  Offset position() const override { return next_; }
  Result<stream::Bounds> bounds() override { return stream::Bounds{log_.start(), log_.end()}; }

 private:
  const Log& log_;
  Offset next_;
  std::vector<stream::Record> records_;
};

class Member final : public stream::GroupMember {
 public:
  explicit Member(std::vector<Log>& logs) : logs_(logs), next_(logs.size(), -1) {}

  Result<std::span<const stream::Record>> poll(Deadline,
                                               stream::AssignmentListener& listener) override {
    records_.clear();
    if (!assigned_) {
      assigned_ = true;
      std::vector<Partition> all;
      for (std::size_t p = 0; p < logs_.size(); ++p) all.push_back(static_cast<Partition>(p));
      listener.on_assigned(all);
      return std::span<const stream::Record>(records_);
    }
    for (std::size_t turn = 0; turn < logs_.size(); ++turn) {
      const std::size_t p = turn_++ % logs_.size();
      if (next_[p] < 0 || paused_.contains(static_cast<Partition>(p))) continue;
      for (; next_[p] < logs_[p].end() && records_.size() < 1000; ++next_[p]) {
        const Stored& stored = logs_[p].at(next_[p]);
        records_.push_back({static_cast<Partition>(p), next_[p], stored.key, stored.value});
      }
      if (!records_.empty()) break;
    }
    return std::span<const stream::Record>(records_);
  }
  Result<std::optional<stream::Committed>> fetch_committed(Partition) override {
    return std::optional<stream::Committed>();
  }
  Result<stream::Bounds> bounds(Partition partition) override {
    const Log& log = logs_[static_cast<std::size_t>(partition)];
    return stream::Bounds{log.start(), log.end()};
  }
  Result<void> start(Partition partition, Offset offset) override {
    next_[static_cast<std::size_t>(partition)] = offset;
    return {};
  }
  Result<void> pause(Partition partition) override {
    paused_.insert(partition);
    return {};
  }
  Result<void> resume(Partition partition) override {
    paused_.erase(partition);
    return {};
  }
  Result<void> restore(Partition, const StateVisitor&) override { return {}; }
  Result<std::uint64_t> append(Partition partition, std::string_view key,
                               std::string_view value) override {
    Log& log = logs_[static_cast<std::size_t>(partition)];
    acks_.push_back({++ticket_, log.end()});
    log.push_back({std::string(key), std::string(value)});
    return ticket_;
  }
  Result<std::vector<stream::AppendAck>> acknowledged() override {
    return std::exchange(acks_, {});
  }
  Result<void> begin_commit(stream::CommitBatch batch) override {
    for (const auto& commit : batch.offsets) committed_[commit.partition] = commit.committed.offset;
    for (const auto& record : batch.state) state_bytes_ += record.value ? record.value->size() : 0;
    committing_ = true;
    return {};
  }
  std::optional<Result<void>> poll_commit(Deadline) override {
    if (!std::exchange(committing_, false)) return std::nullopt;
    return Result<void>{};
  }
  void leave() noexcept override {}

  bool has_read_all() const {
    for (std::size_t p = 0; p < logs_.size(); ++p) {
      if (next_[p] < logs_[p].end()) return false;
    }
    return true;
  }
  bool done() const {
    for (std::size_t p = 0; p < logs_.size(); ++p) {
      const auto at = committed_.find(static_cast<Partition>(p));
      if (at == committed_.end() || at->second < logs_[p].end()) return false;
    }
    return true;
  }
  std::uint64_t state_bytes() const { return state_bytes_; }
  std::uint64_t appends() const { return ticket_; }

 private:
  std::vector<Log>& logs_;
  std::vector<Offset> next_;
  std::set<Partition> paused_;
  std::map<Partition, Offset> committed_;
  std::vector<stream::Record> records_;
  std::vector<stream::AppendAck> acks_;
  std::uint64_t ticket_ = 0;
  std::uint64_t state_bytes_ = 0;
  std::size_t turn_ = 0;
  bool assigned_ = false;
  bool committing_ = false;
};

class BacklogLog final : public stream::EventLog {
 public:
  explicit BacklogLog(std::size_t partitions) : changes(partitions) {}

  bool keeps_state() const override { return true; }
  Result<void> ensure_topics(std::span<const stream::TopicSpec>) override { return {}; }
  Result<std::unique_ptr<stream::LogWriter>> open_writer(std::string_view) override {
    return halt("bench", "nobody writes here");
  }
  Result<std::unique_ptr<stream::TopicReader>> open_reader(std::string_view topic, Partition,
                                                           Offset from,
                                                           stream::Isolation) override {
    return std::unique_ptr<stream::TopicReader>(
        std::make_unique<Reader>(lookups[std::string(topic)], from));
  }
  Result<std::unique_ptr<stream::GroupMember>> join(const stream::GroupOptions&) override {
    auto joined = std::make_unique<Member>(changes);
    member = joined.get();
    return std::unique_ptr<stream::GroupMember>(std::move(joined));
  }
  std::size_t max_record_bytes() const override { return 1u << 20; }

  std::vector<Log> changes;
  void forget_all() {
    for (Log& log : changes) log.forget_all();
  }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const Log& log : changes) sum += log.bytes();
    return sum;
  }

  std::map<std::string, Log> lookups;
  Member* member = nullptr;
};

class NullPort final : public engine::SinkPort {
 public:
  const std::string& name() const override { return name_; }
  std::size_t max_documents() const override { return 1000; }
  std::size_t max_bytes() const override { return 4u << 20; }
  bool has_room() const override { return outcomes_.size() < 4; }
  void submit(SinkBatch batch) override {
    for (const DocumentWrite& write : batch.writes) bytes += write.body.size();
    documents += batch.writes.size();
    outcomes_.push_back({batch.id, std::vector<Result<void>>(batch.writes.size())});
  }
  std::vector<SinkOutcome> take() override { return std::exchange(outcomes_, {}); }
  std::optional<Deadline> away_since() const override { return std::nullopt; }
  std::optional<Error> fatal() const override { return std::nullopt; }
  void ask_older(std::uint16_t, std::size_t) override {}
  std::optional<std::vector<std::string>> take_older() override {
    return std::vector<std::string>();
  }

  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;

 private:
  std::string name_ = "null";
  std::vector<SinkOutcome> outcomes_;
};

}  // namespace tailrace::bench
