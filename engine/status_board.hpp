// What a running pipeline says of itself: one row per component, with a word, since when, and why.
// Threading: every method from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::engine {

// The status words of pipeline.md §5.
enum class Phase : std::uint8_t {
  starting,
  snapshotting,
  catching_up,
  streaming,
  paused,
  degraded,
  stopped,
};
std::string_view phase_name(Phase phase);

struct ComponentStatus {
  std::string name;  // "capture", "projector order", "sink order/search"
  Phase phase = Phase::starting;
  std::int64_t since_us = 0;
  std::string code;  // of the error, if degraded or stopped
  std::string message;
};

// Counters and gauges by their metric name with labels: `tailrace_source_rows_total{op="insert"}`.
class StatusBoard {
 public:
  // Keeps `since` while phase and code stay the same.
  void set(const std::string& component, Phase phase, std::string code = {},
           std::string message = {});
  void set_fact(const std::string& name, std::string value);  // shown in status: gtid, position …
  void gauge(const std::string& series, double value);
  void count(const std::string& series, double by = 1);
  // Histogram with fixed buckets in seconds, from 1 ms to 60 s.
  void observe(const std::string& series, double seconds);

  struct Histogram {
    std::vector<std::uint64_t> counts;  // per bucket, cumulative only in the exposition
    double sum = 0;
    std::uint64_t count = 0;
  };
  static const std::vector<double>& buckets();

  struct View {
    std::vector<ComponentStatus> components;
    std::map<std::string, std::string> facts;
    std::map<std::string, double> gauges;
    std::map<std::string, double> counters;
    std::map<std::string, Histogram> histograms;
  };
  View view() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ComponentStatus> components_;
  std::map<std::string, std::string> facts_;
  std::map<std::string, double> gauges_;
  std::map<std::string, double> counters_;
  std::map<std::string, Histogram> histograms_;
};

}  // namespace tailrace::engine
