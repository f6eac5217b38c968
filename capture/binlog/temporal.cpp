#include "capture/binlog/temporal.hpp"

#include <algorithm>

#include "capture/binlog/digits.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint32_t powers_of_ten[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};

// The server leaps by these rules, but not in year 0.
std::uint32_t days_in_month(std::uint32_t year, std::uint32_t month) {
  constexpr std::uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || (year % 400 == 0 && year != 0));
  return month == 2 && leap ? 29 : days[month - 1];
}

char* write_fraction(char* out, std::uint32_t micros, unsigned digits) {
  if (digits == 0) return out;
  *out++ = '.';
  char all[6];
  write_two(all, micros / 10'000 % 100);
  write_two(all + 2, micros / 100 % 100);
  write_two(all + 4, micros % 100);
  return std::copy(all, all + std::min(digits, 6u), out);
}

char* write_clock(char* out, const TemporalParts& parts) {
  out = write_two(out, parts.hour % 100);
  *out++ = ':';
  out = write_two(out, parts.minute % 100);
  *out++ = ':';
  return write_two(out, parts.second % 100);
}

// Fraction bytes hold the digits rounded up to an even count.
std::uint32_t fraction_micros(std::string_view bytes, unsigned digits) {
  if (digits == 0) return 0;
  const auto value = static_cast<std::uint32_t>(big_endian(bytes.data(), bytes.size()));
  return value * powers_of_ten[6 - (digits + 1) / 2 * 2] % 1'000'000;
}

void unpack_clock(std::uint64_t hms, TemporalParts& parts) {
  parts.hour = static_cast<std::uint32_t>(hms >> 12);
  parts.minute = static_cast<std::uint32_t>(hms >> 6 & 63);
  parts.second = static_cast<std::uint32_t>(hms & 63);
}

void unpack_days(std::uint64_t ymd, TemporalParts& parts) {
  const std::uint64_t months = ymd >> 5;
  parts.year = static_cast<std::uint32_t>(months / 13);
  parts.month = static_cast<std::uint32_t>(months % 13);
  parts.day = static_cast<std::uint32_t>(ymd & 31);
}

}  // namespace

bool is_impossible_date(const TemporalParts& parts) {
  return parts.month < 1 || parts.month > 12 || parts.day < 1 ||
         parts.day > days_in_month(parts.year, parts.month);
}

char* write_date(char* out, const TemporalParts& parts) {
  out = write_two(out, parts.year / 100 % 100);
  out = write_two(out, parts.year % 100);
  *out++ = '-';
  out = write_two(out, parts.month % 100);
  *out++ = '-';
  return write_two(out, parts.day % 100);
}

char* write_datetime(char* out, const TemporalParts& parts, unsigned digits, char separator) {
  out = write_date(out, parts);
  *out++ = separator;
  out = write_clock(out, parts);
  return write_fraction(out, parts.micros, digits);
}

char* write_time(char* out, const TemporalParts& parts, unsigned digits) {
  if (parts.negative) *out++ = '-';
  if (parts.hour >= 1000) *out++ = static_cast<char>('0' + parts.hour / 1000 % 10);
  if (parts.hour >= 100) *out++ = static_cast<char>('0' + parts.hour / 100 % 10);
  out = write_clock(out, parts);
  return write_fraction(out, parts.micros, digits);
}

TemporalParts decode_date(std::string_view bytes) {
  const auto raw = static_cast<std::uint32_t>(little_endian(bytes.data(), 3));
  TemporalParts parts;
  parts.day = raw & 31;
  parts.month = raw >> 5 & 15;
  parts.year = raw >> 9;
  return parts;
}

bool decode_datetime2(std::string_view bytes, unsigned digits, TemporalParts& parts) {
  constexpr std::uint64_t bias = 0x8000000000;
  const std::uint64_t raw = big_endian(bytes.data(), 5);
  if (raw < bias) return false;
  const std::uint64_t packed = raw - bias;
  unpack_days(packed >> 17, parts);
  unpack_clock(packed & 0x1ffff, parts);
  parts.micros = fraction_micros(bytes.substr(5), digits);
  return parts.year <= 9999;
}

TemporalParts decode_time2(std::string_view bytes, unsigned digits) {
  std::int64_t packed = 0;
  if (digits > 4) {
    packed = static_cast<std::int64_t>(big_endian(bytes.data(), 6)) - 0x800000000000;
  } else {
    auto whole = static_cast<std::int64_t>(big_endian(bytes.data(), 3)) - 0x800000;
    const std::size_t fraction_bytes = (digits + 1) / 2;
    auto fraction = static_cast<std::int64_t>(big_endian(bytes.data() + 3, fraction_bytes));
    if (whole < 0 && fraction != 0) {  // the fraction of a negative time counts backwards
      ++whole;
      fraction -= std::int64_t{1} << (8 * fraction_bytes);
    }
    constexpr std::int64_t scale[] = {0, 10'000, 100};
    packed = whole * (std::int64_t{1} << 24) + fraction * scale[fraction_bytes];
  }
  return unpack_time(packed);
}

TemporalParts utc_time(std::uint64_t seconds) {
  // Civil date from days, after Howard Hinnant's days_from_civil; years begin in March.
  const std::uint64_t days = seconds / 86'400 + 719'468;
  const auto second_of_day = static_cast<std::uint32_t>(seconds % 86'400);
  const std::uint64_t era = days / 146'097;
  const auto day_of_era = static_cast<std::uint32_t>(days % 146'097);
  const std::uint32_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint32_t month = (5 * day_of_year + 2) / 153;
  TemporalParts parts;
  parts.day = day_of_year - (153 * month + 2) / 5 + 1;
  parts.month = month < 10 ? month + 3 : month - 9;
  parts.year = static_cast<std::uint32_t>(era * 400) + year_of_era + (parts.month <= 2 ? 1 : 0);
  parts.hour = second_of_day / 3'600;
  parts.minute = second_of_day / 60 % 60;
  parts.second = second_of_day % 60;
  return parts;
}

TemporalParts decode_timestamp2(std::string_view bytes, unsigned digits) {
  const std::uint64_t seconds = big_endian(bytes.data(), 4);
  const std::uint32_t micros = fraction_micros(bytes.substr(4), digits);
  if (seconds == 0) {  // '0000-00-00 00:00:00'
    TemporalParts zero;
    zero.micros = micros;
    return zero;
  }
  TemporalParts parts = utc_time(seconds);
  parts.micros = micros;
  return parts;
}

TemporalParts decode_old_datetime(std::string_view bytes) {
  const std::uint64_t raw = little_endian(bytes.data(), 8);  // 20261120120000
  const std::uint64_t date = raw / 1'000'000;
  const auto clock = static_cast<std::uint32_t>(raw % 1'000'000);
  TemporalParts parts;
  parts.year = static_cast<std::uint32_t>(date / 10'000 % 10'000);
  parts.month = static_cast<std::uint32_t>(date / 100 % 100);
  parts.day = static_cast<std::uint32_t>(date % 100);
  parts.hour = clock / 10'000;
  parts.minute = clock / 100 % 100;
  parts.second = clock % 100;
  return parts;
}

TemporalParts decode_old_time(std::string_view bytes) {
  const auto raw = static_cast<std::uint32_t>(little_endian(bytes.data(), 3));
  TemporalParts parts;
  parts.negative = (raw & 0x800000) != 0;
  const std::uint32_t clock = parts.negative ? 0x1000000 - raw : raw;  // 8385959
  parts.hour = clock / 10'000;
  parts.minute = clock / 100 % 100;
  parts.second = clock % 100;
  return parts;
}

TemporalParts unpack_datetime(std::int64_t packed) {
  TemporalParts parts;
  parts.negative = packed < 0;
  const std::uint64_t value =
      parts.negative ? 0 - static_cast<std::uint64_t>(packed) : static_cast<std::uint64_t>(packed);
  parts.micros = static_cast<std::uint32_t>(value & 0xffffff);
  unpack_days(value >> 41, parts);
  unpack_clock(value >> 24 & 0x1ffff, parts);
  return parts;
}

TemporalParts unpack_time(std::int64_t packed) {
  TemporalParts parts;
  parts.negative = packed < 0;
  const std::uint64_t value =
      parts.negative ? 0 - static_cast<std::uint64_t>(packed) : static_cast<std::uint64_t>(packed);
  parts.micros = static_cast<std::uint32_t>(value & 0xffffff);
  unpack_clock(value >> 24 & 0x3fffff, parts);
  return parts;
}

}  // namespace tailrace::capture
