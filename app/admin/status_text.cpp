// The other half of status_report.hpp: reading the JSON back, and the text for people.
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>

#include "app/admin/status_report.hpp"

namespace tailrace::app {
namespace {

using Json = rapidjson::Value;

std::string text_of(const Json& object, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

// "2026-11-20T03:00:00.123456Z" → microseconds; 0: anything else.
std::int64_t time_of(const Json& object) {
  const std::string text = text_of(object, "since");
  std::tm fields{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &fields);
  if (rest == nullptr) return 0;
  double fraction = 0;
  if (*rest == '.') fraction = std::strtod(rest, nullptr);
  return static_cast<std::int64_t>(timegm(&fields)) * 1'000'000 + std::llround(fraction * 1e6);
}

std::string clock_time(std::int64_t us) {
  const std::time_t seconds = us / 1'000'000;
  std::tm then{};
  std::tm today{};
  const std::time_t now = std::time(nullptr);
  localtime_r(&seconds, &then);
  localtime_r(&now, &today);
  const bool is_today = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
  char text[64];
  const std::size_t length =
      std::strftime(text, sizeof text, is_today ? "%H:%M" : "%Y-%m-%d %H:%M", &then);
  return {text, length};
}

std::string capitalized(std::string word) {
  std::replace(word.begin(), word.end(), '_', ' ');
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') {
    word[0] = static_cast<char>(word[0] - 'a' + 'A');
  }
  return word;
}

// The largest of the shards' lags; nullopt: not published yet.
std::optional<double> lag_seconds(const StatusReport& report) {
  std::optional<double> lag;
  for (const auto& [series, value] : report.gauges) {
    if (series.substr(0, series.find('{')) != "tailrace_source_lag_seconds") continue;
    lag = std::max(lag.value_or(0), value);
  }
  return lag;
}

std::string duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.1f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

// Nothing else is held back: whoever reads the one word should know.
bool is_only_fanout_paused(const StatusReport& report) {
  return report.status == "paused" &&
         std::all_of(report.components.begin(), report.components.end(),
                     [](const ComponentReport& component) {
                       return component.status != "paused" ||
                              component.name.starts_with("fan-out ");
                     });
}

std::size_t names_width(const StatusReport& report) {
  std::size_t width = 0;
  for (const ComponentReport& component : report.components) {
    width = std::max(width, component.name.size());
  }
  return std::min<std::size_t>(width, 40);
}

// What another process sent never moves the cursor of a terminal.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

Result<StatusReport> parse_report(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject() || text_of(document, "status").empty()) {
    return halt("status.malformed", "the answer is not a status of tailrace");
  }
  StatusReport report;
  report.name = text_of(document, "name");
  report.status = text_of(document, "status");
  report.since_us = time_of(document);
  if (const auto at = document.FindMember("components");
      at != document.MemberEnd() && at->value.IsArray()) {
    for (const Json& component : at->value.GetArray()) {
      if (!component.IsObject()) continue;
      report.components.push_back({text_of(component, "name"), text_of(component, "status"),
                                   time_of(component), text_of(component, "code"),
                                   text_of(component, "message"),
                                   text_of(component, "suggestion")});
    }
  }
  if (const auto at = document.FindMember("facts");
      at != document.MemberEnd() && at->value.IsObject()) {
    for (const auto& fact : at->value.GetObject()) {
      if (fact.value.IsString()) report.facts[fact.name.GetString()] = fact.value.GetString();
    }
  }
  if (const auto at = document.FindMember("gauges");
      at != document.MemberEnd() && at->value.IsObject()) {
    for (const auto& gauge : at->value.GetObject()) {
      if (gauge.value.IsNumber()) report.gauges[gauge.name.GetString()] = gauge.value.GetDouble();
    }
  }
  return report;
}

std::string sentence(const StatusReport& report) {
  std::string out = capitalized(report.status);
  if (is_only_fanout_paused(report)) out += " (fan-out only)";
  const auto lag = lag_seconds(report);
  if (lag && report.status != "stopped" && report.status != "starting") {
    out += fmt::format(", {} behind", duration(*lag));
  }
  if (report.since_us != 0) out += ", since " + clock_time(report.since_us);
  return printable(out) + ".";
}

std::string render_text(const StatusReport& report) {
  std::string out = printable(report.name) + ": " + sentence(report) + "\n";
  const std::size_t width = names_width(report);
  for (const ComponentReport& component : report.components) {
    std::string line = fmt::format("  {:<{}}  {:<12}", component.name, width, component.status);
    if (component.since_us != 0) line += "  since " + clock_time(component.since_us);
    out += printable(std::move(line)) + "\n";
    if (!component.message.empty() || !component.code.empty()) {
      const std::string code = component.code.empty() ? "" : component.code + ": ";
      out += printable("    " + code + component.message) + "\n";
    }
    if (!component.suggestion.empty()) out += printable("    → " + component.suggestion) + "\n";
  }
  if (!report.facts.empty()) out += "\n";
  for (const auto& [name, value] : report.facts) {
    out += printable(fmt::format("  {} = {}", name, value)) + "\n";
  }
  return out;
}

}  // namespace tailrace::app
