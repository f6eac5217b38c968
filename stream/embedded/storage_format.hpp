// The bytes of the embedded log. Column families:
//   records  topic(4) partition(4) offset(8), big-endian  ->  flags(1) key(sized)
//            [headers: count(varint), then name(sized) value(sized) each] value(rest)
//   keys     topic(4) partition(4) key  ->  offset(8): the record of a compacted topic that is kept
//   default  'v' -> format version; 't' name -> topic(4) partitions(4) retention(1)
//            'e' topic partition -> end(8); 's' topic partition -> start(8)
//            'g' topic group -> "" (the group reads this topic)
//            'c' topic partition group -> offset(8) metadata(rest)
//            'm' topic partition time_us(8) -> offset(8): the end at that time, for retention
// Numbers inside keys are big-endian so that they sort; in values little-endian.
// Threading: free functions.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "stream/event_log.hpp"

namespace tailrace::stream::embedded {

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::uint8_t flag_value = 1;    // has a value; else a tombstone
inline constexpr std::uint8_t flag_headers = 2;  // has headers

template <class T>
void append_big_endian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift));
  }
}

template <class T>
T read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return static_cast<T>(value);
}

inline std::string partition_key(std::uint32_t topic, Partition partition) {
  std::string key;
  append_big_endian(key, topic);
  append_big_endian(key, partition);
  return key;
}

inline std::string record_key(std::uint32_t topic, Partition partition, Offset offset) {
  std::string key = partition_key(topic, partition);
  append_big_endian(key, offset);
  return key;
}
inline constexpr std::size_t record_key_size = 16;

inline std::string meta_key(char kind, std::uint32_t topic, Partition partition) {
  return kind + partition_key(topic, partition);
}

inline std::string commit_key(std::uint32_t topic, Partition partition, std::string_view group) {
  return meta_key('c', topic, partition).append(group);
}

inline std::string offset_value(Offset offset) {
  std::string value;
  append_fixed(value, offset);
  return value;
}

// Appends the stored form of one record.
inline void append_payload(std::string& out, const Append& record) {
  std::uint8_t flags = record.value ? flag_value : 0;
  if (!record.headers.empty()) flags |= flag_headers;
  out.push_back(static_cast<char>(flags));
  append_sized(out, record.key);
  if (!record.headers.empty()) {
    append_varint(out, record.headers.size());
    for (const Header& header : record.headers) {
      append_sized(out, header.name);
      append_sized(out, header.value);
    }
  }
  if (record.value) out.append(*record.value);
}

// False: the bytes are not a record. The views point into `payload`.
inline bool read_payload(std::string_view payload, Record& record) {
  ByteReader in(payload);
  const std::uint8_t flags = in.byte();
  record.key = in.sized();
  if (flags & flag_headers) {
    for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
      in.sized();
      in.sized();
    }
  }
  record.value = std::nullopt;
  if (flags & flag_value) record.value = in.take(in.remaining());
  return in.ok();
}

}  // namespace tailrace::stream::embedded
