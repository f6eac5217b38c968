// MySQL's temporal encodings and their canonical texts (pipeline.md §2).
// Source of the encodings: MySQL mysys/my_time.cc, binlog.md §2.
// Threading: free functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/value.hpp"

namespace tailrace::capture {

struct TemporalParts {
  bool negative = false;  // TIME only
  std::uint32_t year = 0;
  std::uint32_t month = 0;
  std::uint32_t day = 0;
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  std::uint32_t micros = 0;
};

inline constexpr std::size_t longest_temporal_text = 40;

// A date that no calendar has: zero in part or in whole, or past the end of its month.
bool is_impossible_date(const TemporalParts& parts);

// Write at most longest_temporal_text bytes and return the end.
char* write_date(char* out, const TemporalParts& parts);
// "2026-11-20T12:00:00.123" with `separator` in place of T.
char* write_datetime(char* out, const TemporalParts& parts, unsigned digits, char separator);
char* write_time(char* out, const TemporalParts& parts, unsigned digits);

// The fields of the binlog: `bytes` has exactly the size that the type says.
TemporalParts decode_date(std::string_view bytes);
bool decode_datetime2(std::string_view bytes, unsigned digits, TemporalParts& parts);
TemporalParts decode_time2(std::string_view bytes, unsigned digits);
TemporalParts decode_timestamp2(std::string_view bytes, unsigned digits);  // UTC; all zero for 0
TemporalParts decode_old_datetime(std::string_view bytes);
TemporalParts decode_old_time(std::string_view bytes);
TemporalParts utc_time(std::uint64_t seconds);

// The packed 64-bit forms of JSON documents.
TemporalParts unpack_datetime(std::int64_t packed);
TemporalParts unpack_time(std::int64_t packed);

}  // namespace tailrace::capture
