#include "engine/status_board.hpp"

#include <algorithm>

#include "core/clock.hpp"

namespace tailrace::engine {

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::snapshotting:
      return "snapshotting";
    case Phase::catching_up:
      return "catching_up";
    case Phase::streaming:
      return "streaming";
    case Phase::paused:
      return "paused";
    case Phase::degraded:
      return "degraded";
    case Phase::stopped:
      return "stopped";
  }
  return "?";
}

void StatusBoard::set(const std::string& component, Phase phase, std::string code,
                      std::string message) {
  const std::lock_guard lock(mutex_);
  const auto [at, created] = components_.try_emplace(component);
  ComponentStatus& status = at->second;
  if (created || status.phase != phase || status.code != code) {
    status.since_us = system_clock().wall_us();
  }
  status.name = component;
  status.phase = phase;
  status.code = std::move(code);
  status.message = std::move(message);
}

void StatusBoard::set_fact(const std::string& name, std::string value) {
  const std::lock_guard lock(mutex_);
  facts_[name] = std::move(value);
}

void StatusBoard::gauge(const std::string& series, double value) {
  const std::lock_guard lock(mutex_);
  gauges_[series] = value;
}

void StatusBoard::count(const std::string& series, double by) {
  const std::lock_guard lock(mutex_);
  counters_[series] += by;
}

const std::vector<double>& StatusBoard::buckets() {
  static const std::vector<double> bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,  0.5,    1,     2.5,  5,     10,   60};
  return bounds;
}

void StatusBoard::observe(const std::string& series, double seconds) {
  const std::lock_guard lock(mutex_);
  Histogram& histogram = histograms_[series];
  const auto& bounds = buckets();
  histogram.counts.resize(bounds.size() + 1);
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  ++histogram.counts[static_cast<std::size_t>(at)];
  histogram.sum += seconds;
  ++histogram.count;
}

StatusBoard::View StatusBoard::view() const {
  const std::lock_guard lock(mutex_);
  View view;
  for (const auto& [name, status] : components_) view.components.push_back(status);
  view.facts = facts_;
  view.gauges = gauges_;
  view.counters = counters_;
  view.histograms = histograms_;
  return view;
}

}  // namespace tailrace::engine
