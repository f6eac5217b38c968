// One worker of one document type: reads its partitions of the change log, keeps their state,
// renders what changed and hands it to the sinks, and commits what is safe (engine.md §5).
// Crash-only: after an error, destroy it and open a new one.
// Threading: step() and the rest from one thread; it never waits for a sink.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/gtid_set.hpp"
#include "engine/fanout_valve.hpp"
#include "engine/partition.hpp"
#include "engine/sink_port.hpp"
#include "engine/sink_queue.hpp"
#include "engine/status_board.hpp"
#include "sinks/document_sink.hpp"
#include "sinks/retry_policy.hpp"
#include "stream/event_log.hpp"
#include "transform/projection/renderer.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::engine {

struct ProjectorOptions {
  std::string pipeline;
  std::string instance_id;           // of this worker, stable across restarts
  std::uint16_t document = 0;        // index in the plan
  std::vector<std::string> sources;  // shard names, by index
  sinks::LogIdentity identity;
  bool halt_on_poison = false;
  double dead_letters_per_second = 0;  // more of them for a minute stop the worker; 0: never
  Milliseconds commit_interval{200};
  Milliseconds sink_patience{5000};     // a sink away for longer stops holding the others
  std::size_t cache_bytes = 32u << 20;  // root state held by all partitions together
  std::size_t dirty_limit = 5'000;      // roots waiting for sinks before reading pauses
  std::size_t noted_limit = 50'000;     // state records waiting for a commit before it pauses
  std::size_t fanout_window = 8'000;    // roots that follow changed lookup values at once
  // Beside a batch that is under way, the next one is made when this much waits: made earlier, it
  // would be small, and wait all the same. So with what only follows: it may wait a little.
  std::size_t worth_queueing = 500;
  Milliseconds background_wait{100};
  std::size_t fanout_limit = 10'000;  // changed lookup values waiting before more are read
  stream::Partition partitions = 4;
  std::size_t state_chunk_bytes = 512u << 10;  // larger state records travel in chunks
  // Changed roots that wait for the next write of the store: one that changes often is written
  // once.
  std::size_t unwritten_limit = 4000;
  std::uint64_t schema_version = 1;  // of the schemas that the plan was compiled from
  std::uint64_t random_seed = 0;     // of the jitter of retries; 0: from the machine
  RuleSwitches rules;
};

// How far each source is to be read, by its index; every source has one.
using Targets = std::map<std::uint8_t, GtidSet>;

struct ProjectorDependencies {
  stream::EventLog& log;
  transform::StoreFactory& stores;
  const transform::PipelinePlan& plan;
  std::vector<SinkPort*> sinks;
  const Clock& clock;
  StatusBoard& board;
  const FanoutValve* fanout_valve = nullptr;  // outlives the projector; none: never paused
};

class Projector final : public stream::AssignmentListener, public DirtyListener {
 public:
  Projector(ProjectorOptions options, ProjectorDependencies dependencies);
  ~Projector() override;

  // Opens the lookup view and joins the group.
  Result<void> open();
  // Does what there is to do and waits for more until `deadline` at most.
  // Error retry schema.newer: the log goes on with columns that the plan does not know; build the
  // projector anew from the schemas that are saved now.
  Result<void> step(Deadline deadline);
  // Waits until `deadline` for what is with the sinks, commits and leaves the group. What was read
  // and not sent is the next owner's, or this worker's when it starts again.
  Result<void> close(Deadline deadline);

  // Everything at or before the targets is in every sink, or is a dead letter (engine.md §10).
  bool has_reached(const Targets& targets) const;
  std::uint64_t dead_letters() const;

 private:
  struct Sent {  // one write of a batch under way
    std::uint64_t assignment;
    stream::Partition partition;
    RootEntry* root;
    Offset last;
    Offset upto;
  };
  struct Lane {
    explicit Lane(SinkPort& sink, std::size_t index) : port(&sink), queue(index) {}
    SinkPort* port;
    SinkQueue queue;
    std::string delay_series;  // name of its histogram
    std::unordered_map<std::uint64_t, std::vector<Sent>> under_way;
    bool away = false;
    Deadline next_drain{};
    enum class Stubs : std::uint8_t { idle, asked, writing, done } stubs = Stubs::idle;
    std::uint64_t stub_batch = 0;
    Deadline next_stubs{};
  };

  // stream::AssignmentListener
  void on_assigned(std::span<const stream::Partition> partitions) override;
  void on_revoked(std::span<const stream::Partition> partitions, bool lost) override;
  // DirtyListener
  void dirty(PartitionTask& partition, RootEntry& root, std::size_t sink, Urgency urgency) override;

  Result<void> read(Deadline deadline);
  static Failure outrun(Error error);
  Result<void> take_acknowledgements();
  Result<void> follow_lookups();
  std::size_t fanout_room() const;
  bool fanout_paused() const;
  // Roots in use take more memory than the caches have.
  bool is_crowded() const;
  double fanout_rate(std::uint16_t table, const PartitionTask::FanoutProgress& progress);
  void report_fanout();
  Deadline read_deadline(Deadline deadline) const;
  bool work_waits() const;

  Result<void> serve_lane(std::size_t lane);
  Result<void> take_outcomes(std::size_t lane);
  void wake(std::size_t lane);
  bool worth_sending(const Lane& lane) const;
  void send(std::size_t lane);
  // False: the root waits for something and was put aside.
  bool render_into(std::size_t lane, const QueuedRoot& queued, SinkBatch& batch,
                   std::vector<Sent>& sent);
  Result<void> settle(std::size_t lane, const Sent& sent, const Result<void>& result);
  void give_up(std::size_t lane);
  void announce_dead_letter(const std::string& sink, const std::string& id, const Error& error);
  Result<void> count_poison(const Error& error);
  Result<void> drain(std::size_t lane);
  Result<void> stub_older(std::size_t lane);
  // Every document of this generation is in every sink, or is a dead letter of ours.
  Result<bool> has_every_document();
  // Documents that this sink could not take: what it has of them is the best it can have.
  Result<std::set<std::string>> dead_documents(std::size_t lane);
  bool all_loaded() const;
  std::string loading_sink() const;

  Result<void> commit();
  Result<void> poll_commit(Deadline deadline);
  void commit_before_revoke();
  void drop(stream::Partition partition);
  void report();
  // It owns nothing, and has not for a while: not between two steps of a rebalance.
  bool stands_by() const;
  PartitionTask* find(stream::Partition partition, std::uint64_t assignment) const;

  const ProjectorOptions options_;
  ProjectorDependencies deps_;
  const transform::DocumentPlan& plan_;
  transform::Renderer renderer_;
  std::unique_ptr<LookupView> view_;
  std::optional<PartitionShared> shared_;
  std::unique_ptr<stream::GroupMember> member_;
  std::map<stream::Partition, std::unique_ptr<PartitionTask>> partitions_;
  std::vector<Lane> lanes_;
  sinks::RetryPolicy backoff_;
  std::uint64_t next_assignment_ = 1;
  std::uint64_t next_batch_ = 1;
  std::vector<std::pair<stream::Partition, std::uint64_t>> in_commit_;  // with the assignment
  bool committing_ = false;
  bool closing_ = false;
  std::vector<stream::Announcement> announcements_;  // dead letters, for the next commit
  std::vector<stream::Announcement> announced_;      // with the commit under way
  Deadline last_commit_{};
  Deadline last_report_{};
  std::optional<Deadline> group_answered_at_;  // when partitions came or left; none: not one yet
  struct FanoutRate {
    Deadline at{};
    std::uint64_t looked_at = 0;
    double per_second = 0;
  };
  std::map<std::uint16_t, FanoutRate> fanout_rates_;  // by lookup table
  bool has_rate_ = false;                             // some lookup is refreshed at a rate
  std::optional<Error> listener_error_;
  std::optional<Error> log_trouble_;  // the log refused or lost us; until a commit succeeds
  std::uint64_t rows_seen_ = 0;
  double poison_budget_ = 0;  // dead letters that may still come, of a minute's worth
  Deadline poison_counted_{};
  std::mt19937_64 random_;
};

}  // namespace tailrace::engine
