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
// gives the same tokens, also where two servers took over shortly after each other.
Result<void> CaptureRole::follow_server(const Transaction& transaction) {
  const std::string& server = transaction.position.server_uuid;
  const std::string& known = position_.source.server_uuid;
  if (known.empty() || server.empty() || known == server) return {};
  log_warn("capture.server_changed", {{"from", known}, {"to", server}});
  if (!options_.rules.jump_at_new_server) return {};
  // A batch that was never committed may have shown what this server never got.
  TAILRACE_ASSIGN(const auto takeover, takeover_of_server());
  if (takeover) TAILRACE_TRY(ask_for_lost_rows(*takeover));
  position_.seq += failover_jump;
  position_.source.server_uuid = server;
  position_.source.binlog = {};  // it was a place of the other server's
  skip_records_ = 0;             // the same transaction may look different in its binlog
  return commit();
}

Result<void> CaptureRole::start_source() {
  auto started = source_->start(position_.source);
  if (started || started.error().code != "source.diverged") return started;
  return go_on_without(started.error());
}

// The server lacks what was read: all that this changed is read again, as soon as it is streamed.
Result<void> CaptureRole::go_on_without(const Error& diverged) {
  TAILRACE_ASSIGN(const auto takeover, takeover_of_server());
  if (!takeover || takeover->lost.empty()) return Failure(diverged);
  TAILRACE_TRY(ask_for_lost_rows(*takeover));
  log_error("capture.transactions_lost", {{"gtids", takeover->lost.text()}});
  deps_.board.count(labelled("tailrace_source_lost_transactions_total"),
                    static_cast<double>(takeover->lost.mysql()->size()));
  position_.source.gtid_set = position_.source.gtid_set.minus(takeover->lost);
  skip_records_ = 0;
  TAILRACE_TRY(commit());
  TAILRACE_TRY(append_progress());  // what came before was looked for
  return source_->start(position_.source);
}

// nullopt: nothing can be done about what it lacks. Rows below other children carry no key of their
// root, and capture's index of them holds what was lost.
Result<std::optional<capture::Takeover>> CaptureRole::takeover_of_server() {
  const SourcePosition& read = position_.source;
  if (!imports_ || placement_ || read.snapshot != SnapshotPhase::done || !read.prepared.empty())
    return std::nullopt;
  return source_->takeover(read);
}

Result<void> CaptureRole::ask_for_lost_rows(const capture::Takeover& takeover) {
  // The log must hold all that was appended before it is searched.
  if (open_) TAILRACE_TRY(commit());
  if (!options_.rules.read_lost_again) return {};
  std::vector<std::string> lookup_topics = lookup_topics_;
  for (std::size_t t = 0; t < lookup_topics.size(); ++t) {
    if (plan_.lookups[t].group != group_) lookup_topics[t].clear();  // their rows come from others
  }
  TAILRACE_ASSIGN(const LostRows lost,
                  find_lost_rows({deps_.log, deps_.clock, source_index_, change_topics_,
                                  options_.partitions, lookup_topics, takeover.executed}));
  const auto ask = [&]() -> Result<void> {
    if (!takeover.lost.empty() && !lost.complete) {
      return halt("import.log_too_short",
                  "the log does not reach back to where that server had all: the first load was "
                  "read from the other one, or retention has cut it off");
    }
    if (!lost.emptied.empty()) {
      return halt("import.emptied",
                  fmt::format("table {} was emptied, and what it had is not known any more",
                              *lost.emptied.begin()));
    }
    const auto append = [this](const stream::Append& record) { return append_to_batch(record); };
    for (std::size_t d = 0; d < lost.roots.size(); ++d) {
      TAILRACE_TRY(imports_->ask(static_cast<std::uint16_t>(d), lost.roots[d], append));
    }
    for (std::size_t t = 0; t < lost.lookups.size(); ++t) {
      TAILRACE_TRY(imports_->ask_values(static_cast<std::uint16_t>(t), lost.lookups[t], append));
    }
    return {};
  };
  const auto asked = ask();
  if (asked || !asked.error().code.starts_with("import.")) return asked;
  return halt("source.diverged",
              "the server that took over lacks what was read, and that cannot be put right: " +
                  asked.error().message + "; start over with a new first load");
}

}  // namespace tailrace::engine
