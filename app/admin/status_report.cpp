#include "app/admin/status_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "app/admin/url.hpp"
#include "core/json_writer.hpp"

namespace tailrace::app {

using engine::ComponentStatus;
using engine::Phase;

namespace {

bool failed(const ComponentStatus& component) {
  return component.phase == Phase::degraded ||
         (component.phase == Phase::stopped && !component.code.empty());
}

// A component that ended without an error (capture under --until now) no longer counts.
Phase overall(const std::vector<ComponentStatus>& components) {
  const auto any = [&](Phase phase) {
    return std::any_of(components.begin(), components.end(),
                       [&](const ComponentStatus& c) { return c.phase == phase; });
  };
  if (components.empty()) return Phase::starting;
  if (std::all_of(components.begin(), components.end(),
                  [](const ComponentStatus& c) { return c.phase == Phase::stopped; })) {
    return Phase::stopped;
  }
  if (std::any_of(components.begin(), components.end(), failed)) return Phase::degraded;
  for (const Phase phase :
       {Phase::paused, Phase::starting, Phase::snapshotting, Phase::catching_up}) {
    if (any(phase)) return phase;
  }
  return Phase::streaming;
}

// Streaming and stopped need all components, so the last one to come decides; the other words
// need one, so the first one does.
std::int64_t overall_since(const std::vector<ComponentStatus>& components, Phase word) {
  const bool needs_all = word == Phase::streaming || word == Phase::stopped;
  std::int64_t since = 0;
  for (const ComponentStatus& component : components) {
    const bool counts = word == Phase::degraded ? failed(component) : component.phase == word;
    if (!counts) continue;
    if (since == 0) since = component.since_us;
    since = needs_all ? std::max(since, component.since_us) : std::min(since, component.since_us);
  }
  return since;
}

void append_double(std::string& out, double value) {
  out += std::isfinite(value) ? fmt::format("{}", value) : "null";
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

void append_since(std::string& out, std::int64_t since_us) {
  out += ",\"since\":";
  if (since_us == 0) {
    out += "null";
    return;
  }
  out += '"';
  append_utc_time(out, since_us);
  out += '"';
}

}  // namespace

std::string_view suggestion_for(std::string_view code) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> table = {{
      {"fanout.paused",
       "documents may show old lookup values until it goes on: tailrace resume --fan-out"},
      {"sink.away", "see the sink's own line; nothing is lost, its documents wait"},
      {"source.unreachable",
       "start MySQL or correct source.mysql.shards; it is tried again by itself"},
      {"source.preflight", "run the statements that the message shows, then start again"},
      {"source.schema_changed",
       "read the message; run again when the pipeline file fits the table"},
      {"source.no_binlog", "turn the binary log on (log_bin, binlog_format=ROW), then start again"},
      {"log.unavailable",
       "start the broker or correct stream.kafka.brokers; it is tried again by itself"},
      {"log.fenced", "another process runs this pipeline; stop one of the two"},
      {"log.locked", "another process uses this state.dir; stop it, or set another state.dir"},
      {"sqlite.disk_full", "free disk space; it goes on by itself"},
      {"sqlite.busy", "end the other program that holds the file; it goes on by itself"},
      {"es.unreachable",
       "start Elasticsearch or correct the sink's urls; it is tried again by itself"},
      {"state.corrupt", "move state.dir away and run again: it is built anew from the source"},
  }};
  for (const auto& [known, suggestion] : table) {
    if (known == code) return suggestion;
  }
  return {};
}

StatusReport make_report(std::string name, const engine::StatusBoard::View& view) {
  StatusReport report;
  report.name = std::move(name);
  const Phase word = overall(view.components);
  report.status = engine::phase_name(word);
  report.since_us = overall_since(view.components, word);
  for (const ComponentStatus& component : view.components) {
    report.components.push_back({component.name, std::string(engine::phase_name(component.phase)),
                                 component.since_us, component.code, as_utf8(component.message),
                                 std::string(suggestion_for(component.code))});
  }
  for (const auto& [fact, value] : view.facts) report.facts[fact] = as_utf8(value);
  report.gauges = view.gauges;
  return report;
}

bool is_ready(const engine::StatusBoard::View& view) {
  return !view.components.empty() &&
         std::none_of(view.components.begin(), view.components.end(), [](const ComponentStatus& c) {
           return c.phase == Phase::starting || c.phase == Phase::stopped ||
                  c.phase == Phase::degraded;
         });
}

bool has_started(const engine::StatusBoard::View& view) {
  return !view.components.empty() &&
         std::none_of(view.components.begin(), view.components.end(),
                      [](const ComponentStatus& c) { return c.phase == Phase::starting; });
}

std::string to_json(const StatusReport& report) {
  std::string out = "{\"name\":";
  append_json_string(out, report.name);
  append_member(out, "status", report.status);
  append_since(out, report.since_us);
  out += ",\"components\":[";
  for (const ComponentReport& component : report.components) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    append_json_string(out, component.name);
    append_member(out, "status", component.status);
    append_since(out, component.since_us);
    append_member(out, "code", component.code);
    append_member(out, "message", component.message);
    append_member(out, "suggestion", component.suggestion);
    out += '}';
  }
  out += "],\"facts\":{";
  for (const auto& [name, value] : report.facts) {
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += "},\"gauges\":{";
  for (const auto& [series, value] : report.gauges) {
    if (out.back() != '{') out += ',';
    append_json_string(out, series);
    out += ':';
    append_double(out, value);
  }
  out += "}}\n";
  return out;
}

}  // namespace tailrace::app
