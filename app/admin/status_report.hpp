// What /v1/status says and `tailrace status` prints: the state of a pipeline as one word and one
// sentence, then its components.
// Threading: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "engine/status_board.hpp"

namespace tailrace::app {

struct ComponentReport {
  std::string name;
  std::string status;  // a word of pipeline.md §5
  std::int64_t since_us = 0;
  std::string code;
  std::string message;
  std::string suggestion;
};

struct StatusReport {
  std::string name;  // of the pipeline
  std::string status = "starting";
  std::int64_t since_us = 0;  // 0: not known
  std::vector<ComponentReport> components;
  std::map<std::string, std::string> facts;
  std::map<std::string, double> gauges;
};

// The overall word: stopped only if all are; then the first that somebody has of degraded (also: a
// component stopped by an error), paused, starting, snapshotting, catching_up; else streaming.
StatusReport make_report(std::string name, const engine::StatusBoard::View& view);

// What to do about an error code; empty: its message says all there is.
std::string_view suggestion_for(std::string_view code);

// Whether traffic may come: no component is starting, stopped or degraded, and there is one. A
// snapshot, however long, and a pause that somebody asked for are ready.
bool is_ready(const engine::StatusBoard::View& view);
// Whether every component has left `starting`.
bool has_started(const engine::StatusBoard::View& view);

// One line of JSON.
std::string to_json(const StatusReport& report);
// Error halt "status.malformed": not an answer of /v1/status.
Result<StatusReport> parse_report(std::string_view json);

// "Streaming, 0.4 s behind, since 14:02." with the time in the machine's zone.
std::string sentence(const StatusReport& report);
// The sentence, then a line per component, its problem and the cure below it, then the facts.
std::string render_text(const StatusReport& report);

}  // namespace tailrace::app
