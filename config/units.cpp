#include "config/units.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <span>

namespace tailrace::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kBytes[] = {{"B", 1},     {"KiB", 1024},   {"MiB", 1048576},  {"GiB", 1073741824},
                           {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}};
constexpr Unit kDurations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000}};
constexpr Unit kRates[] = {{"/s", 1}, {"/min", 1.0 / 60}, {"/h", 1.0 / 3600}};

// Digits with an optional fraction: what std::from_chars adds to that (inf, nan, 1e9) is refused.
std::size_t number_length(std::string_view text) {
  std::size_t at = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point && at > 0) {
      point = true;
    } else if (c < '0' || c > '9') {
      break;
    }
  }
  return at;
}

struct Units {
  std::span<const Unit> list;
  std::string_view noun;     // "a size"
  std::string_view example;  // unit put behind a bare number
};

Parsed<double> parse_with(std::string_view text, const Units& units) {
  const std::size_t digits = number_length(text);
  std::string names;
  for (const Unit& unit : units.list) names += (names.empty() ? "" : ", ") + std::string(unit.name);
  if (digits == 0) {
    return {{},
            {fmt::format("expects {}, not '{}'", units.noun, text),
             fmt::format("write a number and a unit: {}", names), ""}};
  }
  double number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  std::string_view rest = text.substr(digits);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty()) {
    const bool whole_bytes = units.example == "B" && number < 9e15 && number == std::floor(number);
    const std::string fix = whole_bytes
                                ? bytes_text(static_cast<std::int64_t>(number))
                                : fmt::format("{}{}", text.substr(0, digits), units.example);
    return {{},
            {fmt::format("expects {} with its unit, not the bare number {}", units.noun, text),
             fmt::format("write {} (units: {})", fix, names), fix}};
  }
  for (const Unit& unit : units.list) {
    if (unit.name == rest) return {number * unit.factor, {}};
  }
  return {{}, {fmt::format("has an unknown unit '{}'", rest), fmt::format("units: {}", names), ""}};
}

Parsed<std::int64_t> whole(Parsed<double> parsed, std::string_view text,
                           std::string_view smallest) {
  if (!parsed.value) return {{}, std::move(parsed.error)};
  constexpr double kMost = 9e15;  // exact in a double
  if (*parsed.value > kMost) return {{}, {fmt::format("is too large: {}", text), "write less", ""}};
  const double rounded = std::round(*parsed.value);
  if (std::fabs(rounded - *parsed.value) > 1e-6) {
    return {{}, {fmt::format("is not a whole number of {}: {}", smallest, text), "round it", ""}};
  }
  return {static_cast<std::int64_t>(rounded), {}};
}

}  // namespace

Parsed<std::int64_t> parse_integer(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const bool plain =
      !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!plain) {
    return {{}, {fmt::format("expects a whole number, not '{}'", text), "write plain digits", ""}};
  }
  if (digits.size() > 1 && digits.front() == '0') {
    const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const std::string fix(digits.substr(first));
    return {{},
            {fmt::format("expects a number without leading zeros, not '{}'", text),
             fmt::format("write {}", fix), fix}};
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return {{}, {fmt::format("is out of range: {}", text), "", ""}};
  return {number, {}};
}

Parsed<std::int64_t> parse_bytes(std::string_view text) {
  return whole(parse_with(text, {kBytes, "a size", "B"}), text, "bytes");
}

Parsed<std::int64_t> parse_duration_ms(std::string_view text) {
  return whole(parse_with(text, {kDurations, "a duration", "ms"}), text, "milliseconds");
}

Parsed<double> parse_rate(std::string_view text) {
  return parse_with(text, {kRates, "a rate", "/s"});
}

std::string bytes_text(std::int64_t bytes) {
  for (const auto& [size, name] :
       {std::pair{std::int64_t{1} << 30, "GiB"}, std::pair{std::int64_t{1} << 20, "MiB"},
        std::pair{std::int64_t{1} << 10, "KiB"}}) {
    if (bytes >= size && bytes % size == 0) return fmt::format("{}{}", bytes / size, name);
  }
  return fmt::format("{}B", bytes);
}

std::string duration_text(std::int64_t ms) {
  for (const auto& [size, name] :
       {std::pair{std::int64_t{3'600'000}, "h"}, std::pair{std::int64_t{60'000}, "m"},
        std::pair{std::int64_t{1000}, "s"}}) {
    if (ms >= size && ms % size == 0) return fmt::format("{}{}", ms / size, name);
  }
  return fmt::format("{}ms", ms);
}

}  // namespace tailrace::config
