#include "capture/binlog/mariadb_temporal.hpp"

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint64_t second = 1'000'000;
// Of 0 to 6 digits: by how much a number of microseconds is divided.
constexpr std::uint64_t units[] = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
// 838:59:59 and one second: a TIME of zero is stored as this.
constexpr std::uint64_t zero_time = (838 * 3600 + 59 * 60 + 59 + 1) * second;

std::uint64_t micros_of(std::string_view bytes, unsigned digits) {
  return big_endian(bytes.data(), bytes.size()) * units[digits];
}

// Takes the part below `size` off `packed`.
std::uint32_t take(std::uint64_t& packed, std::uint64_t size) {
  const auto part = static_cast<std::uint32_t>(packed % size);
  packed /= size;
  return part;
}

void take_clock(std::uint64_t& packed, TemporalParts& parts) {
  parts.micros = take(packed, second);
  parts.second = take(packed, 60);
  parts.minute = take(packed, 60);
}

}  // namespace

std::size_t mariadb_time_bytes(unsigned digits) {
  constexpr std::size_t bytes[] = {3, 4, 4, 5, 5, 5, 6};
  return bytes[digits];
}

std::size_t mariadb_datetime_bytes(unsigned digits) {
  constexpr std::size_t bytes[] = {5, 6, 6, 7, 7, 7, 8};
  return bytes[digits];
}

std::size_t mariadb_timestamp_bytes(unsigned digits) {
  constexpr std::size_t fraction[] = {0, 1, 1, 2, 2, 3, 3};
  return 4 + fraction[digits];
}

TemporalParts decode_mariadb_time(std::string_view bytes, unsigned digits) {
  const std::uint64_t stored = micros_of(bytes, digits);
  TemporalParts parts;
  parts.negative = stored < zero_time;
  std::uint64_t packed = parts.negative ? zero_time - stored : stored - zero_time;
  take_clock(packed, parts);
  parts.hour = static_cast<std::uint32_t>(packed % 1000);
  return parts;
}

TemporalParts decode_mariadb_datetime(std::string_view bytes, unsigned digits) {
  std::uint64_t packed = micros_of(bytes, digits);
  TemporalParts parts;
  take_clock(packed, parts);
  parts.hour = take(packed, 24);
  parts.day = take(packed, 32);
  parts.month = take(packed, 13);
  parts.year = static_cast<std::uint32_t>(packed % 10'000);
  return parts;
}

TemporalParts decode_mariadb_timestamp(std::string_view bytes, unsigned digits) {
  const std::uint64_t seconds = big_endian(bytes.data(), 4);
  TemporalParts parts = seconds == 0 ? TemporalParts{} : utc_time(seconds);
  parts.micros = static_cast<std::uint32_t>(micros_of(bytes.substr(4), digits) % second);
  return parts;
}

}  // namespace tailrace::capture
