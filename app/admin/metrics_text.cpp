#include "app/admin/metrics_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace tailrace::app {
namespace {

constexpr std::size_t max_series_of_a_family = 2000;

constexpr std::array<std::pair<std::string_view, std::string_view>, 18> help_texts = {{
    {"tailrace_source_connected", "1 while connected to the source."},
    {"tailrace_source_lag_seconds", "Age of the last transaction read; 0 when idle."},
    {"tailrace_source_last_event_timestamp_seconds", "Commit time of the last transaction read."},
    {"tailrace_source_rows_total", "Row changes read."},
    {"tailrace_source_transactions_total", "Transactions read."},
    {"tailrace_snapshot_rows_total", "Rows read by snapshots."},
    {"tailrace_events_total", "Domain events appended to the log."},
    {"tailrace_log_ack_seconds", "From an append to its acknowledgement by the log."},
    {"tailrace_documents_total", "Document writes by their outcome."},
    {"tailrace_bulk_seconds", "Time of one batch of a sink."},
    {"tailrace_fanout_pending", "Documents still to be looked at after lookup rows changed."},
    {"tailrace_fanout_changes", "Changed lookup rows not followed to every document yet."},
    {"tailrace_dead_letters_total", "Records set aside."},
    {"tailrace_retries_total", "Attempts that were made again."},
    {"tailrace_commit_to_event_seconds", "From the commit in the source to the event in the log."},
    {"tailrace_commit_to_document_seconds", "From the commit in the source to the sink's answer."},
    {"tailrace_health", "1 for the status that a component has, 0 for the others."},
    {"tailrace_build_info", "Always 1; the version is a label."},
}};

bool is_name_char(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (!first && c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_name_char(text[i], i == 0)) return false;
  }
  return true;
}

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// Length of `name="value"` at the start of `text`; nullopt: malformed. In the value a backslash
// escapes the next character, and a line never ends.
std::optional<std::size_t> label_length(std::string_view text) {
  const std::size_t equals = text.find("=\"");
  if (equals == std::string_view::npos || !is_name(text.substr(0, equals))) return std::nullopt;
  for (std::size_t i = equals + 2; i < text.size(); ++i) {
    if (text[i] == '\n') return std::nullopt;
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return std::nullopt;
}

bool are_labels(std::string_view text) {
  while (!text.empty()) {
    const auto length = label_length(text);
    if (!length) return false;
    text.remove_prefix(*length);
    if (text.empty()) return true;
    if (text.front() != ',') return false;
    text.remove_prefix(1);
  }
  return true;
}

struct Series {
  std::string family;
  std::string labels;  // without braces, with `pipeline`
};

std::optional<Series> parse_series(std::string_view series, const std::string& pipeline_label) {
  const std::size_t brace = series.find('{');
  Series out{std::string(series.substr(0, brace)), pipeline_label};
  if (!is_name(out.family)) return std::nullopt;
  if (brace == std::string_view::npos) return out;
  if (!series.ends_with('}')) return std::nullopt;
  const std::string_view labels = series.substr(brace + 1, series.size() - brace - 2);
  if (!are_labels(labels)) return std::nullopt;
  if (!labels.empty()) out.labels += "," + std::string(labels);
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

class Exposition {
 public:
  explicit Exposition(const std::string& pipeline)
      : pipeline_label_("pipeline=\"" + label_value(pipeline) + "\"") {}

  void value(std::string_view type, const std::string& series, double value) {
    const auto parsed = parse_series(series, pipeline_label_);
    if (!parsed) return skip();
    Family* family = family_of(parsed->family, type);
    if (family == nullptr) return skip();
    family->lines += fmt::format("{}{{{}}} {}\n", parsed->family, parsed->labels, number(value));
  }

  void histogram(const std::string& series, const engine::StatusBoard::Histogram& histogram) {
    const auto parsed = parse_series(series, pipeline_label_);
    if (!parsed) return skip();
    Family* family = family_of(parsed->family, "histogram");
    if (family == nullptr) return skip();
    const auto& bounds = engine::StatusBoard::buckets();
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      if (i < histogram.counts.size()) below += histogram.counts[i];
      family->lines += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", parsed->family, parsed->labels,
                                   number(bounds[i]), below);
    }
    family->lines +=
        fmt::format("{0}_bucket{{{1},le=\"+Inf\"}} {2}\n{0}_sum{{{1}}} {3}\n{0}_count{{{1}}} {2}\n",
                    parsed->family, parsed->labels, histogram.count, number(histogram.sum));
  }

  std::string text() {
    value("gauge", "tailrace_metrics_skipped", static_cast<double>(skipped_));
    std::string out;
    for (const auto& [name, family] : families_) {
      for (const auto& [known, help] : help_texts) {
        if (known == name) out += fmt::format("# HELP {} {}\n", name, help);
      }
      out += fmt::format("# TYPE {} {}\n", name, family.type);
      out += family.lines;
    }
    return out;
  }

 private:
  struct Family {
    std::string type;
    std::string lines;
    std::size_t series = 0;
  };

  void skip() { ++skipped_; }

  // nullptr: full, or the same name with another type, which the format does not allow.
  Family* family_of(const std::string& name, std::string_view type) {
    Family& family = families_[name];
    if (family.series == 0) family.type = type;
    if (family.type != type || family.series == max_series_of_a_family) return nullptr;
    ++family.series;
    return &family;
  }

  std::string pipeline_label_;
  std::map<std::string, Family> families_;
  std::size_t skipped_ = 0;
};

void add_health(Exposition& out, const engine::StatusBoard::View& view) {
  using engine::Phase;
  for (const auto& component : view.components) {
    for (const Phase phase : {Phase::starting, Phase::snapshotting, Phase::catching_up,
                              Phase::streaming, Phase::paused, Phase::degraded, Phase::stopped}) {
      out.value("gauge",
                fmt::format("tailrace_health{{component=\"{}\",status=\"{}\"}}",
                            label_value(component.name), engine::phase_name(phase)),
                phase == component.phase ? 1 : 0);
    }
  }
}

}  // namespace

std::string metrics_text(const std::string& pipeline, const engine::StatusBoard::View& view) {
  Exposition out(pipeline);
  out.value("gauge", "tailrace_build_info{version=\"" TAILRACE_VERSION "\"}", 1);
  add_health(out, view);
  for (const auto& [series, value] : view.counters) out.value("counter", series, value);
  for (const auto& [series, value] : view.gauges) {
    // A total that is published as it stands is a counter to whoever reads it.
    const bool is_total = series.substr(0, series.find('{')).ends_with("_total");
    out.value(is_total ? "counter" : "gauge", series, value);
  }
  for (const auto& [series, histogram] : view.histograms) out.histogram(series, histogram);
  return out.text();
}

}  // namespace tailrace::app
