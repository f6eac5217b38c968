// Structured log lines: an event name and fields, as text on a terminal or JSON otherwise.
// Never a row value or a secret at info. WARN: no loss. ERROR: a person must act.
// Threading: every function from any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace tailrace {

enum class LogLevel { trace, debug, info, warn, error, silent };
enum class LogFormat { automatic, text, json };

struct LogField {
  LogField(std::string_view field_name, std::string_view field_value)
      : name(field_name), value(field_value), quoted(true) {}
  LogField(std::string_view field_name, const char* field_value)
      : name(field_name), value(field_value), quoted(true) {}
  template <class T>
  requires std::is_arithmetic_v<T> LogField(std::string_view field_name, T number)
      : name(field_name), value(std::to_string(number)), quoted(false) {}

  std::string name;
  std::string value;
  bool quoted;
};

// Call once at start; standard error is the only target.
void configure_log(LogLevel level, LogFormat format);
bool log_enabled(LogLevel level);
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
// A line of progress that stays below the others; empty: takes it away. False: standard error is no
// terminal, or its lines are JSON: nothing was shown.
bool show_progress_line(std::string_view line);

inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  if (log_enabled(LogLevel::debug)) log(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::info, event, fields);
}
inline void log_warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::warn, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::error, event, fields);
}

}  // namespace tailrace
