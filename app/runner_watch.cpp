// What a runner tells while it runs: failures, a log that does not answer, a first load's progress.
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "app/runner.hpp"
#include "core/log.hpp"
#include "sinks/retry_policy.hpp"

namespace tailrace::app {

namespace {

constexpr Milliseconds capture_patience{4000};
constexpr Milliseconds snapshot_line_interval{10'000};
constexpr Milliseconds snapshot_look_interval{200};
constexpr Milliseconds trim_interval{1000};
constexpr std::size_t trim_growth_bytes = 32u << 20;

std::uint64_t random_bits() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return engine();
}

// "first load [=======>    ] 62 %, 31,000 of about 50,000 rows, 9,000/s, 2 s left"
std::string progress_bar(std::string_view name, std::uint64_t done, std::uint64_t of, double rate,
                         double left_s) {
  constexpr std::size_t width = 30;
  const double share = of == 0 ? 0 : static_cast<double>(done) / static_cast<double>(of);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
  std::string bar(filled, '=');
  if (filled < width) bar += '>';
  bar.resize(width, ' ');
  std::string line =
      fmt::format("{} [{}] {:.0f} %, {} of about {} rows", name, bar, share * 100, done, of);
  if (rate > 0) line += fmt::format(", {:.0f}/s, {:.0f} s left", rate, left_s);
  return line;
}

// "orders", or of one of several shards "s0/orders".
std::string labels_of(const std::string& table) {
  const std::size_t slash = table.find('/');
  if (slash == std::string::npos) return "{table=\"" + table + "\"}";
  return fmt::format("{{shard=\"{}\",table=\"{}\"}}", table.substr(0, slash),
                     table.substr(slash + 1));
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  std::size_t resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

// Gives back what a giant transaction left behind: the C library keeps it otherwise. Only after a
// growth: what is given back all the time is asked for all the time.
void Runner::trim_memory() {
  const Deadline now = system_clock().now();
  if (now < next_trim_) return;
  next_trim_ = now + trim_interval;
  const std::size_t resident = resident_bytes();
  if (resident < trimmed_to_ + trim_growth_bytes) {
    trimmed_to_ = std::min(trimmed_to_, resident);
    return;
  }
  malloc_trim(0);
  trimmed_to_ = resident_bytes();
}

// Capture waits inside the log's calls while the log does not answer: say so for it.
void Runner::watch_capture() {
  for (const auto& slot : captures_) {
    const Deadline alive = slot->alive;
    if (alive == Deadline{} || system_clock().now() - alive < capture_patience) continue;
    board_.set(slot->component, engine::Phase::degraded, "log.slow",
               "the log has not answered for some seconds; waiting");
  }
}

bool Runner::back_off(const std::string& component, const Error& error, unsigned attempt) {
  board_.set(component, engine::Phase::degraded, error.code, error.message);
  log_warn("retrying",
           {{"component", component}, {"code", error.code}, {"message", error.message}});
  const sinks::RetryPolicy policy{spec_.errors.retry_from, spec_.errors.retry_up_to};
  const Deadline until = system_clock().now() + policy.delay(attempt, random_bits());
  while (!stopping() && system_clock().now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return !stopping();
}

void Runner::fail(const std::string& component, const Error& error) {
  board_.set(component, engine::Phase::stopped, error.code, error.message);
  log_error("stopped",
            {{"component", component}, {"code", error.code}, {"message", error.message}});
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
  }
  stop_ = true;
}

void Runner::show_source(CaptureSlot& slot, const capture::BinlogSource* source) {
  const std::lock_guard lock(mutex_);
  slot.source = source;
}

// Of all shards together: under way until the last one has finished.
capture::SnapshotProgress Runner::snapshot_progress() const {
  const std::lock_guard lock(mutex_);
  capture::SnapshotProgress all;
  bool under_way = false;
  for (const auto& slot : captures_) {
    if (slot->source == nullptr) continue;
    const capture::SnapshotProgress one = slot->source->progress();
    all.started = all.started || one.started;
    under_way = under_way || (one.started && !one.finished);
    for (capture::TableProgress table : one.tables) {
      if (captures_.size() > 1) table.table = slot->place.shard->name + "/" + table.table;
      all.tables.push_back(std::move(table));
    }
  }
  all.finished = all.started && !under_way;
  return all;
}

// A bar on a terminal, else a line per 10 s while the first load reads; the same in the metrics.
void Runner::watch_snapshot() {
  const Deadline now = system_clock().now();
  if (now < next_snapshot_look_) return;
  next_snapshot_look_ = now + snapshot_look_interval;
  const capture::SnapshotProgress progress = snapshot_progress();
  if (!progress.started || progress.finished) {
    if (snapshot_began_ != Deadline{}) show_progress_line({});
    snapshot_began_ = {};
    return;
  }
  if (snapshot_began_ == Deadline{}) {
    snapshot_began_ = now;
    next_snapshot_line_ = now + snapshot_line_interval;  // a short load says nothing
  }
  std::uint64_t done = 0;
  std::uint64_t estimate = 0;
  for (const capture::TableProgress& table : progress.tables) {
    done += table.rows_done;
    estimate += table.done ? table.rows_done : std::max(table.rows_done, table.rows_estimate);
    const std::string labels = labels_of(table.table);
    board_.gauge("tailrace_snapshot_rows_total" + labels, static_cast<double>(table.rows_done));
    board_.gauge("tailrace_snapshot_rows_estimate" + labels,
                 static_cast<double>(table.rows_estimate));
  }
  const double elapsed_s = std::chrono::duration<double>(now - snapshot_began_).count();
  const double rate = elapsed_s > 0 ? static_cast<double>(done) / elapsed_s : 0;
  const double left_s = rate > 0 ? static_cast<double>(estimate - done) / rate : 0;
  if (show_progress_line(progress_bar("first load", done, estimate, rate, left_s))) return;
  if (now < next_snapshot_line_) return;
  next_snapshot_line_ = now + snapshot_line_interval;
  log_info("snapshot.progress", {{"rows", done},
                                 {"of_about", estimate},
                                 {"rows_per_s", static_cast<std::uint64_t>(rate)},
                                 {"eta_s", static_cast<std::uint64_t>(left_s)}});
}

}  // namespace tailrace::app
