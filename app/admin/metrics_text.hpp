// The status board as Prometheus text, exposition format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "engine/status_board.hpp"

namespace tailrace::app {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// Every series gets the label `pipeline`; tailrace_health and tailrace_build_info are added.
// A name or label that the format does not allow, or the series of a family beyond the first
// 2,000, are left out and counted in tailrace_metrics_skipped.
std::string metrics_text(const std::string& pipeline, const engine::StatusBoard::View& view);

}  // namespace tailrace::app
