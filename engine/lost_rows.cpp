#include "engine/lost_rows.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "engine/topics.hpp"
#include "transform/projection/change_record.hpp"

namespace tailrace::engine {

namespace {

using stream::Offset;

constexpr Offset first_window = 500;  // it grows before the first one, too
constexpr Offset window_growth = 4;
constexpr Milliseconds turn{5};
constexpr Milliseconds patience{60'000};

// What is known of one partition once a piece of its end was read.
struct Found {
  std::map<std::string, std::uint64_t> keys;     // of lost rows → seq of the last change
  std::map<std::string, std::uint64_t> emptied;  // tables
  // Of progress within the position.
  std::optional<std::uint64_t> lowest;
  std::uint64_t highest = 0;

  // A batch that showed more than that progress began less than a batch before it, and stands
  // behind all progress from before it began.
  bool reaches_far_enough() const {
    return lowest && *lowest + 2 * most_transactions_in_batch < highest;
  }
};

// One partition, read backwards in windows that grow; each of them forwards.
class Scan {
 public:
  Scan(const LostRowsSetup& setup, std::string topic, stream::Partition partition,
       std::set<std::string>& keys)
      : setup_(setup), topic_(std::move(topic)), partition_(partition), keys_(keys) {}

  bool of_lookups() const { return partition_ == lookups; }
  const Found& found() const { return found_; }
  std::set<std::string>& keys() const { return keys_; }  // where they go

  Result<void> begin() {
    TAILRACE_TRY(open(0));
    TAILRACE_ASSIGN(bounds_, reader_->bounds());
    return widen();
  }
  // True: it has read far enough.
  Result<bool> step(Deadline deadline) {
    if (reader_->position() < bounds_.end) {
      const auto records = reader_->poll(deadline);
      // It was trimmed meanwhile.
      if (!records && records.error().code == "log.out_of_range") return again();
      if (!records) return Failure(records.error());
      for (const stream::Record& record : *records) TAILRACE_TRY(take(record));
      read_ += records->size();
      return false;
    }
    if (from_ == bounds_.start || found_.reaches_far_enough()) return true;
    TAILRACE_TRY(widen());
    return false;
  }
  const std::string& topic() const { return topic_; }
  std::size_t read() const { return read_; }  // records so far

  static constexpr stream::Partition lookups = -1;  // a log of rows that documents look up

 private:
  Result<void> open(Offset from) {
    TAILRACE_ASSIGN(reader_, setup_.log.open_reader(topic_, std::max(partition_, 0), from,
                                                    stream::Isolation::read_uncommitted));
    return {};
  }
  Result<bool> again() {
    window_ = first_window;
    TAILRACE_TRY(begin());
    return false;
  }
  Result<void> widen() {
    found_ = {};
    window_ *= window_growth;
    from_ = std::max(bounds_.start, bounds_.end - window_);
    return open(from_);
  }

  Result<void> take(const stream::Record& record) {
    if (!record.value) return {};
    if (of_lookups()) {
      TAILRACE_ASSIGN(const auto decoded, transform::decode_lookup(*record.value));
      std::visit([&](const auto& one) { note(one, record.key); }, decoded);
      return {};
    }
    TAILRACE_TRY(transform::decode(*record.value, change_));
    std::visit([&](const auto& one) { note(one, record.key); }, change_);
    return {};
  }

  void note(const transform::ProgressRecord& progress, std::string_view) {
    if (progress.origin.source != setup_.source_index) return;
    const auto reached = GtidSet::parse(progress.gtid_set);
    if (!reached || !setup_.known.contains(*reached)) return;
    const std::uint64_t seq = progress.origin.base.seq;
    found_.lowest = std::min(found_.lowest.value_or(seq), seq);
    found_.highest = std::max(found_.highest, seq);
  }
  void note(const transform::SweepRecord& sweep, std::string_view) {
    if (is_lost(sweep.origin)) raise(found_.emptied, sweep.table, sweep.origin);
  }
  void note(const transform::GroupRecord& group, std::string_view key) { row(group.origin, key); }
  void note(const transform::PartRecord& part, std::string_view key) { row(part.origin, key); }
  void note(const transform::LookupRow& lookup, std::string_view key) { row(lookup.origin, key); }
  // A copy of a value: it follows the lookup log.
  void note(const transform::LookupRecord&, std::string_view) {}
  void note(const transform::SnapshotEndRecord&, std::string_view) {}

  void row(const transform::Origin& origin, std::string_view key) {
    if (is_lost(origin)) raise(found_.keys, key, origin);
  }

  static void raise(std::map<std::string, std::uint64_t>& known, std::string_view key,
                    const transform::Origin& origin) {
    std::uint64_t& seq = known[std::string(key)];
    seq = std::max(seq, origin.base.seq);
  }

  // Rows of a first load, and those that were read again, name no transaction.
  bool is_lost(const transform::Origin& origin) {
    if (origin.source != setup_.source_index || origin.gtid.empty()) return false;
    if (origin.gtid != asked_) {
      asked_ = origin.gtid;
      const auto one = GtidSet::parse(asked_);
      lost_ = one && !setup_.known.contains(*one);
    }
    return lost_;
  }

  const LostRowsSetup& setup_;
  const std::string topic_;
  const stream::Partition partition_;
  std::set<std::string>& keys_;
  std::unique_ptr<stream::TopicReader> reader_;
  stream::Bounds bounds_;
  Offset window_ = first_window;
  Offset from_ = 0;
  std::size_t read_ = 0;
  transform::ChangeRecord change_;
  std::string asked_;  // the last transaction that was looked for, and what was found
  bool lost_ = false;
  Found found_;
};

// All of them side by side: a log is asked, and answers later.
Result<void> read_all(const Clock& clock, std::list<Scan>& scans) {
  for (Scan& scan : scans) TAILRACE_TRY(scan.begin());
  Deadline end = clock.now() + patience;
  std::vector<Scan*> left;
  for (Scan& scan : scans) left.push_back(&scan);
  while (!left.empty()) {
    const Deadline now = clock.now();
    if (now > end) {
      return retry("log.slow", "the log does not give the end of " + left.front()->topic());
    }
    for (std::size_t i = left.size(); i-- > 0;) {
      const std::size_t before = left[i]->read();
      TAILRACE_ASSIGN(const bool done, left[i]->step(now + turn));
      if (left[i]->read() > before) end = now + patience;
      if (done) left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return {};
}

}  // namespace

Result<LostRows> find_lost_rows(const LostRowsSetup& setup) {
  LostRows lost;
  lost.roots.resize(setup.change_topics.size());
  lost.lookups.resize(setup.lookup_topics.size());
  std::list<Scan> scans;
  for (std::size_t d = 0; d < setup.change_topics.size(); ++d) {
    for (stream::Partition p = 0; p < setup.partitions; ++p) {
      scans.emplace_back(setup, setup.change_topics[d], p, lost.roots[d]);
    }
  }
  for (std::size_t t = 0; t < setup.lookup_topics.size(); ++t) {
    if (setup.lookup_topics[t].empty()) continue;
    scans.emplace_back(setup, setup.lookup_topics[t], Scan::lookups, lost.lookups[t]);
  }
  TAILRACE_TRY(read_all(setup.clock, scans));
  std::uint64_t handled = 0;
  for (const Scan& scan : scans) {
    handled = std::max(handled, scan.found().highest);
    lost.complete = lost.complete && (scan.of_lookups() || scan.found().lowest);
  }
  // What has progress above it was shown again since, or asked for when a server took over.
  for (const Scan& scan : scans) {
    for (const auto& [key, seq] : scan.found().keys) {
      if (seq > handled) scan.keys().insert(key);
    }
    for (const auto& [table, seq] : scan.found().emptied) {
      if (seq > handled) lost.emptied.insert(table);
    }
  }
  return lost;
}

}  // namespace tailrace::engine
