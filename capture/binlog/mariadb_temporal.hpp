// TIME, DATETIME and TIMESTAMP with digits after the second as MariaDB kept them before it took
// over MySQL's format, and keeps them still with mysql56_temporal_format=OFF. TABLE_MAP has the
// types of old for them and says nothing of the digits: those must come from the schema.
// Source: MariaDB sql/field.cc (Field_time_hires, Field_datetime_hires, Field_timestamp_hires).
// Threading: free functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/binlog/temporal.hpp"

namespace tailrace::capture {

// Of a column with 1 to 6 digits.
std::size_t mariadb_time_bytes(unsigned digits);
std::size_t mariadb_datetime_bytes(unsigned digits);
std::size_t mariadb_timestamp_bytes(unsigned digits);

// `bytes` has exactly that size.
TemporalParts decode_mariadb_time(std::string_view bytes, unsigned digits);
TemporalParts decode_mariadb_datetime(std::string_view bytes, unsigned digits);
TemporalParts decode_mariadb_timestamp(std::string_view bytes, unsigned digits);

}  // namespace tailrace::capture
