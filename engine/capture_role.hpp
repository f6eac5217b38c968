// Capture: one source's transactions → groups, lookup rows and events in the log, each batch in one
// log transaction with the position it reaches (engine.md §4).
// Crash-only: after an error that is not halt, destroy it and open a new one; it reads its position
// back from the log and goes on. Threading: one thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "capture/change_source.hpp"
#include "capture/root_reader.hpp"
#include "core/clock.hpp"
#include "engine/capture_placement.hpp"
#include "engine/control_records.hpp"
#include "engine/import_desk.hpp"
#include "engine/lost_rows.hpp"
#include "engine/pipeline_facts.hpp"
#include "engine/root_import.hpp"
#include "engine/rule_switches.hpp"
#include "engine/status_board.hpp"
#include "engine/table_events.hpp"
#include "stream/event_log.hpp"
#include "transform/document_spec.hpp"
#include "transform/event_mapper.hpp"
#include "transform/router.hpp"

namespace tailrace::engine {

struct CaptureOptions {
  std::string pipeline;
  std::string source;  // shard name
  // All shards of the pipeline; nullopt: `source` alone.
  std::optional<transform::SourceLayout> layout = std::nullopt;
  std::mutex* facts_turn = nullptr;   // of the captures of this process; nullptr: there is one
  std::string component = "capture";  // on the status board
  stream::Partition partitions = 4;   // of change logs and event topics
  std::vector<transform::DocumentSpec> documents;
  std::optional<transform::EventsSpec> events;
  std::string log_id;  // of a log that has none yet: what sinks know it by; empty: do not name it
  Milliseconds batch_age{50};
  Milliseconds late_batch_age{400};  // while catching up, when nobody waits for this very row
  std::size_t batch_bytes = 4u << 20;
  Milliseconds progress_interval{250};
  Milliseconds idle_progress_interval{10000};
  std::uint64_t pass_bytes = 4u << 20;  // of a giant transaction held at once
  // A group above this travels in parts: brokers refuse messages over 1 MiB by default.
  std::size_t part_bytes = 512u << 10;
  SchemaPolicy schema_policy;
  RuleSwitches rules;
};

struct CaptureDependencies {
  stream::EventLog& log;
  const Clock& clock;
  StatusBoard& board;
  // Schemas of the mapped tables of all sources as servers have them now, without excluded columns.
  ReadSchemas read_schemas;
  std::function<Result<std::unique_ptr<capture::ChangeSource>>(const std::vector<TableSchema>&)>
      make_source;
  // A table as the server has it → as the file wants it; empty: as it is.
  FitToFile fit_to_file{};
  // Asked by a pipeline that has read nothing yet: where to begin; nullopt, or empty: with a first
  // load.
  std::function<Result<std::optional<SourcePosition>>()> first_position{};
  // The tables of this shard alone, to be compared with those of the others before its first load;
  // empty: there are no others.
  ReadSchemas read_own_schemas{};
  // Local stores, for documents with children of children; others need none.
  transform::StoreFactory* stores = nullptr;
  // Who asks for roots to be read again; null: nobody can.
  ImportDesk* imports = nullptr;
  std::function<Result<std::unique_ptr<capture::RootReader>>(const std::vector<TableSchema>&)>
      make_root_reader{};
};

class CaptureRole {
 public:
  CaptureRole(CaptureOptions options, CaptureDependencies dependencies);
  ~CaptureRole();

  // Fences an earlier capture, reads the saved position, starts the source there.
  // Error halt "spec.changed": a document's definition no longer fits what its state was built
  // from.
  Result<void> open();
  // Reads what there is until `deadline` at most, and commits when the batch is full or idle.
  // Error retry schema.newer: columns were added, and are saved; a new role knows them.
  Result<void> step(Deadline deadline);
  // Commits what was read; call before a graceful end.
  Result<void> flush();

  // What the log holds for good.
  const SavedPosition& committed() const { return committed_; }
  // What this role went on without: it is in no position any more.
  const GtidSet& lost() const { return lost_; }
  // Roots wait to be read again, so documents are not what the position says.
  bool reads_again() const { return imports_ && imports_->waits(); }

 private:
  Result<ControlState> read_facts();
  Result<void> prepare_plan(const ControlState& control);
  Result<void> ensure_topics();
  FactsOptions facts_options() const;
  Result<void> begin_anew();
  Result<void> handle(Transaction& transaction);
  Result<void> handle_rows(Transaction& transaction);
  struct Pass {
    std::uint32_t number = 0;
    std::uint32_t count = 1;
    bool first_reading = true;  // of the transaction: events, and what rows say of placement
  };
  Result<void> read_pass(Transaction& transaction, const transform::Origin& origin,
                         const Pass& pass);
  // Of what the transaction at hand says.
  transform::Origin origin_of(const Transaction& transaction) const;
  Result<void> tell_what_left(const transform::Origin& origin);
  Result<void> finish_pass(const transform::Origin& origin);
  Result<void> open_placement(const ControlState& saved);
  Result<void> empty_placement(const Transaction& transaction);
  Result<std::uint32_t> place_rows(Transaction& transaction, const transform::Origin& origin,
                                   std::uint32_t passes);
  Result<void> follow_table_events(const Transaction& transaction);
  Result<void> save_grown_schemas();
  Result<void> start_source();
  Result<void> follow_server(const Transaction& transaction);
  Result<void> go_on_without(const Error& diverged);
  void jump();
  bool can_read_again() const;
  Result<LostRows> find_rows_behind(const GtidSet& known);
  Result<void> ask_for(const LostRows& lost);
  static Failure cannot(const std::string& reason);
  Result<void> resume_open(const Transaction& transaction);
  std::uint64_t shape() const;
  Result<void> commit_inside();
  Result<void> append_group(const transform::Router::Group& group, const transform::Origin& origin);
  using AppendOne = std::function<Result<void>(const stream::Append&)>;
  Result<void> append_in_parts(const transform::Router::Group& group,
                               const transform::Origin& origin, const AppendOne& append) const;
  Result<void> open_imports(const ControlState& saved);
  Result<void> import_roots();
  Result<void> append_event(const transform::DomainEvent& event);
  Result<void> set_aside(const Result<void>& outcome, const transform::Origin& origin);
  Result<void> append(const stream::Append& record);
  // Without counting it among the records of the transaction at hand.
  Result<void> append_to_batch(const stream::Append& record);
  Result<void> append_to_all(std::string_view value, bool with_lookups);
  // Takes the rows that a table had before this transaction out of everything (engine.md §5).
  Result<void> append_sweep(const Transaction& transaction, const std::string& table);
  Result<void> append_progress();
  std::string labelled(std::string_view series) const;  // {shard="…"}
  Result<void> commit();
  Result<void> commit(const SavedPosition& saved);
  bool progress_due() const;
  double lag_s() const;  // of the last transaction read
  bool is_late() const { return lag_s() > 2; }
  // An idle source is not a slow one: lag counts only while transactions come in.
  bool is_behind() const {
    return is_late() && deps_.clock.now() - last_read_ < std::chrono::seconds(1);
  }
  void report();

  const CaptureOptions options_;
  CaptureDependencies deps_;
  const transform::SourceLayout layout_;  // as the file has it
  std::uint8_t source_index_ = 0;         // as the log knows the shard
  std::size_t group_ = 0;
  SavedSchemas schemas_;
  bool schemas_grown_ = false;  // the transaction at hand made them; not saved yet
  std::shared_ptr<const std::string> saved_tables_;
  transform::PipelinePlan plan_;
  std::optional<transform::Router> router_;
  std::unique_ptr<CapturePlacement> placement_;  // null: every row carries the key of its root
  std::optional<transform::EventMapper> events_;
  std::unique_ptr<stream::LogWriter> writer_;
  std::unique_ptr<capture::ChangeSource> source_;
  std::unique_ptr<RootImport> imports_;     // null: nobody can ask
  std::vector<std::string> change_topics_;  // by document
  std::vector<std::string> lookup_topics_;  // by lookup table
  std::set<std::string> known_topics_;

  SavedPosition position_;   // read
  SavedPosition before_;     // in front of the transaction at hand
  SavedPosition committed_;  // in the log for good
  bool open_ = false;        // something was read since the last commit
  std::size_t batch_bytes_ = 0;
  Deadline batch_began_{};
  Deadline last_progress_{};
  bool progress_owed_ = true;       // a transaction was read since the last progress
  std::uint64_t skip_records_ = 0;  // of a giant transaction: in the log already
  std::string open_gtid_;           // the transaction at hand
  std::uint64_t open_records_ = 0;
  bool wide_ = false;  // the transaction at hand may be committed in pieces
  std::uint64_t rows_ = 0;
  std::int64_t last_commit_time_us_ = 0;
  Deadline last_read_{};
  GtidSet lost_;
  std::optional<Error> source_trouble_;  // since the last transaction: the connection is gone
};

}  // namespace tailrace::engine
