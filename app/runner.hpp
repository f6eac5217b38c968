// Runs a pipeline: a capture thread per shard, one per document's projector, one per sink; starts
// them in the order in which they need each other, restarts what can be restarted, stops them
// gracefully.
// Threading: run() on the main thread; request_stop() from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/wiring.hpp"
#include "config/pipeline_spec.hpp"
#include "core/gtid_set.hpp"
#include "engine/control_records.hpp"
#include "engine/import_desk.hpp"
#include "engine/projector.hpp"
#include "engine/status_board.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::app {

struct RunOptions {
  bool capture = true;
  bool project = true;
  bool until_now = false;
  std::optional<GtidSet> until;       // --until gtid:<set>
  std::optional<ReplayInput> replay;  // files instead of the server; ends behind them
  Milliseconds drain{30000};
  const engine::FanoutValve* fanout_valve = nullptr;  // outlives the runner
  // By shard; they outlive the runner. Where roots can be asked to be read again.
  std::map<std::string, engine::ImportDesk*, std::less<>> imports = {};
};

struct RunOutcome {
  std::optional<Error> error;  // what ended it
  std::uint64_t dead_letters = 0;
};

class Runner {
 public:
  Runner(const config::PipelineSpec& spec, RunOptions options, engine::StatusBoard& board);
  ~Runner();

  RunOutcome run();
  void request_stop() { stop_ = true; }
  capture::SnapshotProgress snapshot_progress() const;

 private:
  // What the log says a plan is compiled from, and the plan.
  struct Blueprint {
    engine::ControlState control;
    transform::PipelinePlan plan;
  };
  struct CaptureSlot {
    ShardPlace place;
    std::string component;  // on the status board
    std::jthread thread;
    std::atomic<bool> reached{false};
    std::atomic<bool> ended{false};
    std::atomic<Deadline> alive{Deadline{}};        // when it last came back from a step
    const capture::BinlogSource* source = nullptr;  // while it lives; guarded by mutex_
    const capture::FileSource* files = nullptr;     // capture's thread only, while it lives
  };
  struct ProjectorSlot {
    std::uint16_t document;
    std::shared_ptr<const Blueprint> blueprint;
    std::jthread thread;
    std::atomic<bool> reached{false};
    std::atomic<bool> ended{false};
    std::atomic<std::uint64_t> dead_letters{0};
    std::vector<Deadline> fenced;  // of late
  };

  Result<void> start();
  Result<void> wait_for_schemas();
  Result<Blueprint> read_blueprint();
  Result<void> renew_blueprint(ProjectorSlot& slot);
  Result<void> settle_identity();
  Result<void> save_identity(const sinks::LogIdentity& identity);
  Result<void> find_targets();
  Result<void> find_target(const CaptureSlot& slot);
  void add_captures();
  void keep_running(const std::string& component, const std::function<Result<void>()>& once);
  void capture_loop(CaptureSlot& slot);
  Result<void> capture_once(CaptureSlot& slot);
  engine::CaptureOptions capture_options(const CaptureSlot& slot);
  engine::CaptureDependencies capture_dependencies(CaptureSlot& slot);
  void look_for_target(CaptureSlot& slot, const engine::CaptureRole& role);
  Result<std::optional<SourcePosition>> first_position(const CaptureSlot& slot) const;
  void projector_loop(ProjectorSlot& slot);
  Result<void> project_once(ProjectorSlot& slot);
  Result<void> forget_store(const ProjectorSlot& slot);
  Result<void> doubt_fence(ProjectorSlot& slot, const Error& error);
  Result<std::vector<std::unique_ptr<engine::SinkLane>>> open_lanes(const ProjectorSlot& slot);
  std::vector<const sinks::SinkSpec*> sinks_of(const std::string& document) const;
  // Waits before the next attempt; false: stop was requested meanwhile.
  bool back_off(const std::string& component, const Error& error, unsigned attempt);
  void fail(const std::string& component, const Error& error);
  bool stopping() const { return stop_; }
  bool finished() const;
  void watch_capture();
  void trim_memory();
  void watch_snapshot();
  void show_source(CaptureSlot& slot, const capture::BinlogSource* source);
  Result<std::vector<TableSchema>> schemas_of_source() const;
  Result<std::unique_ptr<capture::ChangeSource>> open_source(
      CaptureSlot& slot, const std::vector<TableSchema>& schemas);
  std::optional<GtidSet> target(const CaptureSlot& slot) const;
  void set_target(const CaptureSlot& slot, GtidSet target);
  // nullopt: there is none, or not of every shard yet.
  std::optional<engine::Targets> targets(const Blueprint& blueprint) const;

  const config::PipelineSpec& spec_;
  const RunOptions options_;
  engine::StatusBoard& board_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  std::unique_ptr<stream::EventLog> log_;
  std::unique_ptr<transform::StoreFactory> stores_;
  std::shared_ptr<const Blueprint> blueprint_;  // as it was at start
  sinks::LogIdentity identity_;
  std::string instance_id_;
  std::map<std::string, GtidSet, std::less<>> targets_;  // by shard; guarded by mutex_
  std::mutex facts_turn_;                                // of the captures
  Deadline next_trim_{};
  std::size_t trimmed_to_ = 0;  // resident bytes, the least since memory was given back
  Deadline snapshot_began_{};
  Deadline next_snapshot_line_{};
  Deadline next_snapshot_look_{};
  std::vector<std::unique_ptr<CaptureSlot>> captures_;
  std::vector<std::unique_ptr<ProjectorSlot>> projectors_;
};

}  // namespace tailrace::app
