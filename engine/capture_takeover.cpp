// Another server has taken over: capture's side of what it lacks (engine.md §4.4, ADR 13).
#include <fmt/format.h>

#include "core/log.hpp"
#include "engine/capture_role.hpp"
#include "engine/lost_rows.hpp"

namespace tailrace::engine {

namespace {

// A new server may repeat numbers that an aborted batch showed of the old one: jump past them.
constexpr std::uint64_t failover_jump = 1u << 20;

}  // namespace

// The jump is in the log for good before anything is shown behind it: whoever goes on after a crash
// gives the same tokens, also where two servers took over shortly after each other. What was shown
// and is not in the position is asked for in the same step, whether the new server has it or not: a
// later one may lack it.
Result<void> CaptureRole::follow_server(const Transaction& transaction) {
  const std::string& server = transaction.position.server_uuid;
  const std::string& known = position_.source.server_uuid;
  if (known.empty() || server.empty() || known == server) return {};
  log_warn("capture.server_changed", {{"from", known}, {"to", server}});
  if (!options_.rules.jump_at_new_server) return {};
  if (can_read_again()) {
    TAILRACE_ASSIGN(const LostRows shown, find_rows_behind(position_.source.gtid_set));
    TAILRACE_TRY(ask_for(shown));
  }
  jump();
  position_.source.server_uuid = server;
  return commit();
}

void CaptureRole::jump() {
  position_.seq += failover_jump;
  position_.source.binlog = {};  // it was a place of the other server's
  skip_records_ = 0;             // the same transaction may look different in its binlog
}

Result<void> CaptureRole::start_source() {
  auto started = source_->start(position_.source);
  if (started || started.error().code != "source.diverged") return started;
  return go_on_without(started.error());
}

// The server lacks what was read: all that this changed is read again, as soon as it is streamed.
Result<void> CaptureRole::go_on_without(const Error& diverged) {
  if (!can_read_again() || !position_.source.prepared.empty()) return Failure(diverged);
  TAILRACE_ASSIGN(const auto lost, source_->lost_at_takeover(position_.source));
  if (!lost) return Failure(diverged);
  if (!lost->empty()) {
    const GtidSet left = position_.source.gtid_set.minus(*lost);
    TAILRACE_ASSIGN(const LostRows rows, find_rows_behind(left));
    if (!rows.complete) {
      return cannot(
          "the log does not reach back to where that server had all: the first load was "
          "read from the other one, or the log was trimmed");
    }
    TAILRACE_TRY(ask_for(rows));
    log_error("capture.transactions_lost", {{"gtids", lost->text()}});
    deps_.board.count(labelled("tailrace_source_lost_transactions_total"),
                      static_cast<double>(lost->mysql()->size()));
    position_.source.gtid_set = left;
    lost_.add(*lost);
    jump();
    TAILRACE_TRY(commit());
    TAILRACE_TRY(append_progress());  // what came before was looked for
  }
  const auto started = source_->start(position_.source);
  if (started || started.error().code != "source.diverged") return started;
  return retry("source.moved", "yet another server answers: " + started.error().message);
}

// Rows below other children carry no key of their root, and capture's index of them holds what was
// shown; a first load that is under way is repeated as a whole where it matters.
bool CaptureRole::can_read_again() const {
  return imports_ && !placement_ && position_.source.snapshot == SnapshotPhase::done;
}

// Those of transactions that were shown and are not in `known`.
Result<LostRows> CaptureRole::find_rows_behind(const GtidSet& known) {
  // The log must hold all that was appended before it is searched.
  if (open_) TAILRACE_TRY(commit());
  if (!options_.rules.read_lost_again) {
    LostRows none;
    none.roots.resize(plan_.documents.size());
    none.lookups.resize(plan_.lookups.size());
    return none;
  }
  std::vector<std::string> lookup_topics = lookup_topics_;
  for (std::size_t t = 0; t < lookup_topics.size(); ++t) {
    if (plan_.lookups[t].group != group_) lookup_topics[t].clear();  // their rows come from others
  }
  return find_lost_rows({deps_.log, deps_.clock, source_index_, change_topics_, options_.partitions,
                         lookup_topics, known});
}

Failure CaptureRole::cannot(const std::string& reason) {
  return halt("source.diverged",
              "the server that took over may lack what was shown, and that cannot be put right: " +
                  reason + "; start over with a new first load");
}

Result<void> CaptureRole::ask_for(const LostRows& lost) {
  if (!lost.emptied.empty()) {
    return cannot(fmt::format("table {} was emptied, and what it had is not known any more",
                              *lost.emptied.begin()));
  }
  const auto append = [this](const stream::Append& record) { return append_to_batch(record); };
  const auto or_cannot = [](Result<void> asked) -> Result<void> {
    if (asked || !asked.error().code.starts_with("import.")) return asked;
    return cannot(asked.error().message);
  };
  for (std::size_t d = 0; d < lost.roots.size(); ++d) {
    TAILRACE_TRY(or_cannot(imports_->ask(static_cast<std::uint16_t>(d), lost.roots[d], append)));
  }
  for (std::size_t t = 0; t < lost.lookups.size(); ++t) {
    TAILRACE_TRY(
        or_cannot(imports_->ask_values(static_cast<std::uint16_t>(t), lost.lookups[t], append)));
  }
  return {};
}

}  // namespace tailrace::engine
