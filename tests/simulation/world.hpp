// A whole pipeline in one thread and virtual time: the engine's own capture role and projectors on
// a model of the source, the log, the machines' disks and the sinks. Nothing happens by itself:
// whoever holds the world says who does the next step, and where it dies.
// Threading: one thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/capture_role.hpp"
#include "engine/projector.hpp"
#include "tests/fakes/fake_event_log.hpp"
#include "tests/simulation/sim_sink.hpp"
#include "tests/simulation/sim_source.hpp"
#include "tests/simulation/sim_stores.hpp"
#include "tests/simulation/virtual_clock.hpp"

namespace tailrace::simulation {

// Where the shop's tables are.
enum class SourceKind : std::uint8_t {
  one,
  by_shard,  // two databases with all tables, documents of each: {shard}-{id}
  unique,    // two databases with all tables, one document: unique_across_shards
  split,     // payments in a database of their own
};

struct WorldOptions {
  SourceKind sources = SourceKind::one;
  bool second_later = false;  // the file names the second source from add_source() on
  bool keeps_state = true;    // as Kafka; else as the embedded log
  stream::Partition partitions = 2;
  std::size_t sinks = 1;
  std::size_t records_per_poll = 1000;
  std::size_t part_bytes = 512u << 10;
  std::size_t state_chunk_bytes = 512u << 10;
  std::size_t fanout_window = 2000;
  std::size_t fanout_limit = 10'000;
  std::size_t unwritten_limit = 0;  // 0: the store is written after each poll
  std::size_t capture_batch_bytes = 4u << 20;
  std::uint64_t pass_bytes = 4u << 20;
  std::size_t snapshot_chunk_rows = 3;
  Milliseconds commit_interval{200};
  Milliseconds progress_interval{250};
  Milliseconds idle_progress_interval{10000};
  bool payments_hang = false;  // they go with their order, and the binlog does not say so
  bool cascades_declared = true;
  std::uint64_t product_rate = 0;   // changed ones are followed at so many documents a second
  bool keep_prices = true;          // off: refreshed, against what the law expects
  bool shipments = false;           // with their parcels, and those with their scans
  std::vector<Write> before;        // rows that were there before the pipeline
  bool trace = false;               // tells every step and document on standard error
  std::set<std::string> tolerated;  // codes of halts that this schedule is about
  engine::RuleSwitches rules;
  fakes::LogRules log_rules;
  SinkRules sink_rules;
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  // How the law was broken, or what stopped that must not stop.
  std::optional<std::string> broken() const;
  SimServer& server(std::size_t source = 0) { return *servers_[source]; }
  std::size_t sources() const { return known_sources_; }
  void add_source();  // everything is started again with the new file
  std::string document_id(std::int64_t order, std::size_t source) const;
  fakes::FakeEventLog& log() { return *log_; }
  VirtualClock& clock() { return clock_; }
  engine::FanoutValve& fanout_valve() { return fanout_valve_; }  // of every worker
  SimSinkStore& sink(std::size_t n = 0) { return *sinks_[n % sinks_.size()]; }
  std::size_t sinks() const { return sinks_.size(); }
  const WorldOptions& options() const { return options_; }
  const std::string& change_topic() const { return change_topic_; }
  const std::string& state_topic() const { return state_topic_; }
  static const std::vector<std::string>& lookup_topics();

  // `calls`: the process dies instead of making its n-th call from now; 0: it lives.
  void step_capture(int calls = 0, std::size_t source = 0);
  void step_captures();  // of every source
  // Asks for the documents of these orders to be built again from the source's rows. A request that
  // capture has not taken when it dies is lost, like that of anybody who gets no answer.
  void import_orders(const std::vector<std::int64_t>& orders, std::size_t source = 0);
  // A replica takes over that lacks the last `lost` transactions, `read` of which may have been
  // read.
  void fail_over(std::size_t lost, std::size_t read, std::size_t source = 0);
  // Whether the roots of the last `lost` transactions can be read again
  // (docs/reference/sources.md).
  bool can_lose(std::size_t lost, std::size_t source) const;
  // Every capture knows what its server lacks: the log need not hold it any longer.
  bool has_found_lost() const;
  void kill_capture(std::size_t source = 0) { captures_[source].reset(); }
  SimStores& capture_stores() { return capture_stores_; }
  std::string placement_topic(std::size_t source) const;
  // Whether all that was ever read of the source is in the log for good.
  bool capture_committed(std::size_t source = 0) const;
  // All that the source committed is in the log for good.
  bool is_captured(std::size_t source) const;
  // That of every source, and it is said to be.
  void capture_all();
  void capture_all(std::size_t source);

  struct Worker {
    std::string name;
    std::unique_ptr<SimStores> stores;
    std::vector<std::unique_ptr<SimSinkPort>> ports;
    std::unique_ptr<engine::StatusBoard> board;
    std::unique_ptr<engine::Projector> projector;
    std::uint64_t member = 0;
    bool up = false;                              // if its projector ends, it is built anew
    bool deaf = false;                            // the group has given it up, and it does not know
    std::vector<stream::Offset> lookups_below;    // what it sees of each lookup log; empty: all
    std::optional<stream::Offset> changes_below;  // what it sees of the change log
  };
  std::size_t add_worker();
  std::size_t workers() const { return workers_.size(); }
  Worker& worker(std::size_t n) { return *workers_[n % workers_.size()]; }
  void start(Worker& worker) { worker.up = true; }
  void step(Worker& worker, int calls = 0);
  void kill(Worker& worker);   // the process ends; the group finds out later
  void leave(Worker& worker);  // gracefully
  void expel(Worker& worker, bool deaf);
  void hear(Worker& worker);            // a deaf one hears again
  void freeze_lookups(Worker& worker);  // it sees no change of them that comes later

  // Everything is lost but the source and the documents.
  void lose_log();

  // All faults end, everything runs until nothing is left to do; then the law is looked at.
  void come_to_rest();
  // One more change to every order: shows what the states have in them.
  void touch_all();
  void touch(std::int64_t order, std::size_t source = 0);
  void touch_document(const std::string& id);

 private:
  bool survives(const Result<void>& outcome, const std::string& who);
  void fail(std::string how);
  Result<void> open_capture(std::size_t source);
  Result<void> open(Worker& worker);
  engine::ProjectorOptions projector_options(const Worker& worker) const;
  void end_faults();
  bool at_rest();
  bool partition_at_rest(stream::Partition partition);
  bool promised() const;
  std::string kinds_from(stream::Partition partition, stream::Offset from) const;
  void look_at_documents();
  std::size_t living() const;

  const WorldOptions options_;
  std::string change_topic_;
  std::string state_topic_;
  Fuse fuse_;
  VirtualClock clock_;
  engine::FanoutValve fanout_valve_;
  transform::SourceLayout layout() const;
  SimStores capture_stores_{fuse_};  // of every capture
  std::vector<std::unique_ptr<SimServer>> servers_;
  std::size_t known_sources_ = 0;
  Models models_;  // of the servers
  sinks::LogIdentity identity_{"log0", 0};
  transform::PipelinePlan plan_;
  std::unique_ptr<fakes::FakeEventLog> log_;
  std::vector<std::unique_ptr<SimSinkStore>> sinks_;
  engine::StatusBoard capture_board_;
  std::vector<std::unique_ptr<engine::ImportDesk>> desks_;      // by source; outlive captures
  std::vector<std::unique_ptr<engine::CaptureRole>> captures_;  // by source
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<std::string> broken_;
  std::string restless_;  // why it is not at rest
  std::int64_t touches_ = 1'000'000;
};

}  // namespace tailrace::simulation
