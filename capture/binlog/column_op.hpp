// What decoding one column of a row image means. Kept apart from the layout: only its compiler and
// the decoder know the operations.
#pragma once

#include <cstdint>

namespace tailrace::capture {

enum class ColumnOp : std::uint8_t {
  int8, int16, int24, int32, int64,
  uint8, uint16, uint24, uint32, uint64,
  boolean,       // TINYINT shown as true or false
  float32, float64, decimal,
  year, date, datetime2, timestamp2, time2, old_datetime, old_timestamp, old_time,
  mariadb_datetime, mariadb_timestamp, mariadb_time,  // of old, with digits after the second
  bit1, bits,
  utf8,          // utf8mb4, utf8mb3, ascii: the bytes themselves once checked
  text,          // through the column's converter
  guessed_text,  // nobody said the character set: a string where it is UTF-8, else bytes
  bytes,
  padded_bytes,  // BINARY(n): the server cuts zeros at the end
  enumeration, enumeration_number, set, set_number,
  binary_json, json_text, geometry, vector,
  uuid, inet4, inet6,
};

}  // namespace tailrace::capture
