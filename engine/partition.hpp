// One partition of one document's change log in the hands of one projector: its local store, the
// roots at hand, and how far everything is. Rules R4–R10 and R13–R19 of engine.md §5.
// Threading: the projector's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/commit_metadata.hpp"
#include "engine/hold_window.hpp"
#include "engine/lookup_view.hpp"
#include "engine/root_cache.hpp"
#include "engine/rule_switches.hpp"
#include "stream/event_log.hpp"
#include "transform/projection/change_record.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::engine {

// What all partitions of a projector share.
struct PartitionShared {
  const transform::DocumentPlan& plan;
  LookupView& view;
  transform::StoreFactory& stores;
  const Clock& clock;
  std::string log_id;
  std::string store_prefix;        // "<document>-"
  std::vector<std::string> sinks;  // names, by index
  std::size_t sources = 1;         // whose snapshot_end must be seen
  bool keeps_state = false;
  std::uint16_t generation = 0;
  double partitions = 1;  // of the change log, for shares of rates
  std::string instance_id;
  std::size_t cache_bytes = 32u << 20;
  std::size_t state_chunk_bytes = 512u << 10;  // larger state records travel in chunks
  std::size_t unwritten_limit = 4000;          // changed roots that wait for a write of the store
  // How many roots may be asked to follow changed lookup values now: what they cause stands in
  // front of changes that come in, in the log and at the sinks.
  std::size_t fanout_room = 0;
  bool fanout_paused = false;         // somebody asked for it; the room is 0 then
  std::size_t fanout_limit = 10'000;  // changed values of a table that wait one by one
  std::uint64_t schema_version = 1;   // that the plan was compiled from
  RuleSwitches rules;
  stream::GroupMember* member = nullptr;  // set while the projector is joined
};

// Told which root a sink has to look at.
class DirtyListener {
 public:
  virtual ~DirtyListener() = default;
  virtual void dirty(class PartitionTask& partition, RootEntry& root, std::size_t sink,
                     Urgency urgency) = 0;
};

class PartitionTask {
 public:
  enum class Stage : std::uint8_t { fetching, barrier, running };

  PartitionTask(stream::Partition partition, std::uint64_t assignment, PartitionShared& shared,
                DirtyListener& listener);

  stream::Partition partition() const { return partition_; }
  std::uint64_t assignment() const { return assignment_; }
  Stage stage() const { return stage_; }

  // One step of taking the partition over (R10, R17–R19); call until running.
  Result<void> take_over();

  // One record of the change log; records come in offset order.
  Result<void> apply(const stream::Record& record);
  // After the records of a poll: lookup appends for what they touched, and a store write when much
  // has come together.
  Result<void> finish_batch();

  // A lookup value changed: the partition's own references will be scanned.
  Result<void> post(const LookupChangeSeen& change);
  // Works on scans and on the initial load for a bounded while. True: something was done.
  Result<bool> background();

  // An append of this partition was acknowledged at `offset`.
  void appended(std::uint64_t ticket, Offset offset);

  // --- sinks
  // The document of `last` was acknowledged, covering records below `upto`.
  void acknowledged(RootEntry& root, std::size_t sink, Offset last, Offset upto);
  // Nothing to write for this sink; covers records below `upto`.
  void covered(RootEntry& root, std::size_t sink, Offset upto);
  // The sink cannot have it now: pending until it comes back, or a dead letter.
  void set_pending(RootEntry& root, std::size_t sink, bool dead_letter, const std::string& reason,
                   Offset upto);
  // Queues up to `limit` roots that wait for this sink; call again until it returns false.
  Result<bool> drain_pending(std::size_t sink, std::size_t limit);
  // Keys of the roots that are dead letters of this sink.
  Result<std::vector<std::string>> dead_roots(std::size_t sink);
  bool needs_document(const RootEntry& root, std::size_t sink) const;
  bool waits_for_lookups(const RootEntry& root) const;
  Result<RootEntry*> load(std::string_view key);
  Offset read_offset() const { return next_; }

  // --- commit
  // Something to commit that the last one did not have.
  bool commit_owed();
  // State records noted so far, offset and metadata, all of this moment (R15).
  Result<void> add_to_commit(stream::CommitBatch& batch);
  void commit_done(bool success);

  std::size_t sweeps() const { return sweeps_.size(); }  // tables still to be taken out of roots

  // --- progress, for status and `--until now`
  struct Progress {
    bool running = false;
    bool loaded = false;        // the snapshot's end was seen and every root rendered
    bool settled = false;       // no scan, no append outstanding, all appends committed behind
    std::uint64_t pending = 0;  // roots a sink does not have, without dead letters
    std::uint64_t dead_letters = 0;
    // Acknowledged, by source: of its last progress record below the commit.
    std::map<std::uint8_t, std::string> gtid_sets;
  };
  Progress progress() const;
  bool loading(std::size_t sink) const { return loads_[sink].has_value(); }
  Offset committed_offset() const { return committed_offset_; }
  std::size_t fanout_pending() const;  // changed lookup values not followed to the end
  struct FanoutProgress {              // of one lookup table
    std::size_t changes = 0;           // its rows, changed and not followed to the end
    std::uint64_t documents = 0;       // still to be looked at; at least, until all are counted
    bool counted = true;
    std::uint64_t looked_at = 0;  // since the partition was taken
  };
  std::map<std::uint16_t, FanoutProgress> fanout() const;
  bool is_crowded() const { return cache_.over_budget(); }  // more is in use than may be
  std::size_t fanout_under_way();  // appends for them that were not read back yet
  std::size_t outstanding_appends() const { return tickets_.size(); }
  std::size_t noted() const { return noted_.size(); }  // state records that wait for a commit

 private:
  struct Scan {
    LookupChangeSeen change;
    std::size_t node = 0;  // index in nodes_of(change)
    std::string cursor;    // edge key to go on from; empty: at the start
    bool scanned = false;
    std::uint32_t outstanding = 0;  // appends not acknowledged
    std::uint64_t asked = 0;        // roots that got an append
    std::uint64_t looked_at = 0;    // references
    std::uint64_t counted = 0;      // of them, those that count_some has come past
    std::size_t counted_nodes = 0;
    std::string count_cursor;
    bool counted_all = false;
    bool begun() const { return scanned || node > 0 || !cursor.empty(); }
  };
  struct Ticket {
    Offset held = -1;            // record it holds back; -1: none
    std::shared_ptr<Scan> scan;  // or the scan
    std::vector<std::shared_ptr<Scan>> others;  // scans that found it under way
  };
  struct Parts {  // of a group of one source; those of others may come in between
    std::string root;
    Token base;
    Offset first;
    std::uint32_t count;
    std::uint32_t next;
    std::string bytes;
  };
  // A table that was emptied. Every root with older rows of it changes at the sweep's own offset:
  // before anything later is applied to it, the others when the scan comes to them. The record
  // holds the commit back until all have.
  struct Sweep {
    Offset offset;
    transform::SweepRecord record;
    std::string gtid;  // of record, which refers to it
    std::string table;
    std::string cursor;  // root key to go on from
  };
  struct Chunk {  // of the initial load of one sink
    std::uint32_t id;
    std::string end;     // root key behind its last
    std::uint64_t open;  // roots not covered yet
  };
  struct Load {
    std::string done;  // every root below was rendered and is covered
    std::string next;  // where the scan goes on
    bool scanned = false;
    std::deque<Chunk> chunks;
  };

  // take-over
  Result<void> fetch();
  std::string store_name() const;
  Result<void> open_store();
  Result<void> renew_store();  // removes it and makes an empty one
  Result<bool> restore();
  Result<void> count_pending();
  void put_restored(std::string_view key, std::string_view bytes,
                    const transform::RootState& state);
  Result<void> begin_reading();
  Result<bool> barrier_reached();
  Result<void> post_between();
  void begin_loads_of_new_sinks();

  // records
  template <class RecordType>
  Result<void> apply_rows(const RecordType& change, std::string_view root_key, Offset offset,
                          Offset hold);
  Result<void> apply_part(const stream::Record& record, const transform::PartRecord& part);
  Result<void> apply_progress(Offset offset, const transform::ProgressRecord& progress);
  Result<void> open_gate(std::uint8_t source, Offset offset);
  void drop_parts(std::uint8_t source);
  // The first record that must be read again after a crash, because of parts; next_ without any.
  Offset first_part() const;
  void begin_sweep(Offset offset, const transform::SweepRecord& record);
  void sweep(RootEntry& root);
  Result<bool> sweep_some();
  void mark_dirty(RootEntry& root, Offset offset, Offset hold, Urgency urgency);
  void touch(RootEntry& root);
  void add_edges(const RootEntry& root, const std::vector<std::string>& changed);
  void add_edges_of(std::string_view root_key, const std::vector<transform::Reference>& references,
                    transform::StoreBatch& batch) const;

  // lookups
  Result<void> want_all(RootEntry& root, Offset held);
  // Asks for the values of `references` that the root lacks, and of what those refer to, in one
  // record. Holds back the record at `held`, or the scan, until it is in the log.
  Result<void> want(RootEntry& root, std::vector<transform::Reference> references, Offset held,
                    const std::shared_ptr<Scan>& scan);
  void rely_on(RootEntry& root, std::string_view key, const std::shared_ptr<Scan>& scan);
  // Adds the reference's value to `record` if the root lacks it, and its own references to
  // `references`.
  Result<bool> want_one(RootEntry& root, const transform::Reference& reference, std::string& record,
                        std::vector<transform::Reference>& references);
  void enqueue(std::list<std::shared_ptr<Scan>>& queue,
               std::list<std::shared_ptr<Scan>>::iterator before, const LookupChangeSeen& change);
  void fold(std::list<std::shared_ptr<Scan>>& queue, const LookupChangeSeen& change);
  Result<bool> scan_some();
  Result<std::vector<std::string>> edges_from(const Scan& scan, const std::string& prefix,
                                              int most);
  Result<void> count_some();
  Result<void> count_slice(Scan& scan, int& budget);
  Result<bool> scan_slice(const std::shared_ptr<Scan>& scan, transform::NodeId id, int& budget);
  int allowance(const transform::PlanNode& node);
  Result<void> scan_edge(const std::shared_ptr<Scan>& scan, const transform::Reference& wanted,
                         std::string_view root_key);
  std::vector<transform::NodeId> nodes_of(const LookupChangeSeen& change) const;
  void retire_scans();
  // `committed`: the offset that it travels with.
  CommitMetadata metadata(Offset committed) const;
  Offset offset_to_commit();

  // sinks
  void cover(RootEntry& root, std::size_t sink, Offset upto);
  void release_holds(RootEntry& root, Offset below);
  bool clear_pending(RootEntry& root, std::size_t sink);
  std::string pending_key(std::size_t sink, std::string_view root) const;
  Result<bool> load_some(std::size_t sink);
  void retire_chunk(std::size_t sink, std::uint32_t id);
  void note(const RootEntry& root);

  // store
  // Writes what was applied since the last time, and how far that is. Before every commit, and
  // before every scan, which must see it.
  Result<void> flush_store();
  Result<void> write_batch();
  Result<void> scan_store(transform::Family family, std::string_view from,
                          const transform::KeyValueStore::Visitor& visit);

  const stream::Partition partition_;
  const std::uint64_t assignment_;
  PartitionShared& shared_;
  DirtyListener& listener_;
  Stage stage_ = Stage::fetching;
  std::unique_ptr<transform::KeyValueStore> store_;
  bool store_is_new_ = false;  // nothing was ever stored in it
  RootCache cache_;
  HoldWindow window_;
  transform::StoreBatch batch_;
  transform::ChangeRecord record_;  // reused

  Offset committed_offset_ = 0;
  CommitMetadata committed_metadata_;
  bool ever_committed_ = false;
  Offset next_ = 0;          // next record to read
  Offset applied_ = 0;       // of the store
  Offset silent_below_ = 0;  // replayed without documents (R18)
  // The log's end at the take-over, asked for behind the commit: the store and the state topic may
  // know of records below it, and of none behind it.
  Offset taken_at_ = 0;
  // Sources whose snapshot_end was seen, and where; -1: below the commit that was taken over.
  std::map<std::uint8_t, Offset> ended_;
  bool gate_open_ = false;

  std::vector<RootEntry*> touched_;  // to be written to the store
  std::vector<std::pair<RootEntry*, Offset>>
      unchecked_;  // lookups to be checked, with the record that asks
  struct SeenProgress {
    Offset offset;
    std::uint8_t source;
    std::string gtid_set;
  };
  std::deque<SeenProgress> progress_;                       // not acknowledged yet
  std::map<std::uint8_t, std::string> acknowledged_gtids_;  // by source
  std::unordered_map<std::uint8_t, std::pair<std::uint16_t, std::uint64_t>> horizon_;  // epoch, seq
  std::map<std::uint8_t, Parts> parts_;                                                // by source
  std::deque<std::unique_ptr<Sweep>> sweeps_;

  std::map<std::uint16_t, std::list<std::shared_ptr<Scan>>>
      scans_;  // by lookup table, in offset order
  // Those that have not begun, by what they look for.
  std::unordered_map<std::string, std::list<std::shared_ptr<Scan>>::iterator> waiting_;
  std::map<std::uint16_t, std::uint64_t> looked_at_;  // references, by lookup table
  std::unordered_map<std::uint64_t, Ticket> tickets_;
  struct Allowance {  // of `refresh: rate`
    Deadline at{};
    double roots = 0;
  };
  std::map<transform::NodeId, Allowance> allowances_;
  Offset last_append_ = -1;            // highest offset of an append of ours
  std::size_t scan_appends_ = 0;       // of scans, not acknowledged
  std::deque<Offset> unread_appends_;  // of scans, acknowledged and not read back

  std::vector<std::optional<Load>> loads_;  // by sink
  std::uint32_t next_chunk_ = 1;
  std::vector<std::string> pending_cursor_;  // by sink
  std::uint64_t pending_count_ = 0;
  std::uint64_t dead_count_ = 0;

  std::unordered_set<std::string> noted_;
  std::unordered_set<std::string> in_commit_;
  Offset commit_offset_under_way_ = 0;
  CommitMetadata metadata_under_way_;
};

}  // namespace tailrace::engine
