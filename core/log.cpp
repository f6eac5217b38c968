#include "core/log.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "core/clock.hpp"
#include "core/json_writer.hpp"

namespace tailrace {

namespace {

std::atomic<LogLevel> threshold{LogLevel::info};
std::atomic<bool> as_json{false};
std::mutex progress_mutex;
std::string progress_line;  // guarded by progress_mutex

constexpr std::string_view clear_line = "\r\x1b[K";

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::silent:
      return "silent";
  }
  return "?";
}

void append_text_field(std::string& line, const LogField& field) {
  line += ' ';
  line += field.name;
  line += '=';
  const bool plain = field.value.find_first_of(" \"=\n\r\t") == std::string::npos;
  if (plain && !field.value.empty()) {
    line += field.value;
  } else {
    append_json_string(line, field.value);
  }
}

void append_json_field(std::string& line, const LogField& field) {
  line += ',';
  append_json_string(line, field.name);
  line += ':';
  if (field.quoted) {
    append_json_string(line, field.value);
  } else {
    line += field.value;
  }
}

}  // namespace

void configure_log(LogLevel level, LogFormat format) {
  threshold = level;
  as_json =
      format == LogFormat::json || (format == LogFormat::automatic && isatty(STDERR_FILENO) == 0);
}

bool log_enabled(LogLevel level) { return level >= threshold.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  std::string line;
  const bool json = as_json.load(std::memory_order_relaxed);
  if (json) line += "{\"time\":\"";
  append_utc_time(line, system_clock().wall_us());
  if (json) {
    line += "\",\"level\":\"";
    line += level_name(level);
    line += "\",\"event\":";
    append_json_string(line, event);
    for (const LogField& field : fields) append_json_field(line, field);
    line += "}\n";
  } else {
    line += ' ';
    line += level_name(level);
    line += ' ';
    line += event;
    for (const LogField& field : fields) append_text_field(line, field);
    line += '\n';
  }
  const std::lock_guard lock(progress_mutex);
  if (!progress_line.empty()) {
    line.insert(0, clear_line);
    line += progress_line;
  }
  std::fwrite(line.data(), 1, line.size(), stderr);  // one write: lines of threads do not mix
}

bool show_progress_line(std::string_view line) {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  if (!terminal || as_json.load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(progress_mutex);
  if (line == progress_line) return true;
  progress_line = line;
  std::string text(clear_line);
  text += line;
  std::fwrite(text.data(), 1, text.size(), stderr);
  return true;
}

}  // namespace tailrace
