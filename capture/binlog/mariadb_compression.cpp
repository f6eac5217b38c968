#include "capture/binlog/mariadb_compression.hpp"

#include <libdeflate.h>

#include "capture/binlog/query_event.hpp"
#include "capture/binlog/rows_event.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

// Deflate cannot make more than this of a byte.
constexpr std::uint64_t most_expansion = 1032;

EventType plain_type(EventType type) {
  const auto number = static_cast<std::uint8_t>(type);
  const auto counted_from = [&](EventType first, EventType plain) {
    return static_cast<EventType>(number - static_cast<std::uint8_t>(first) +
                                  static_cast<std::uint8_t>(plain));
  };
  if (type == EventType::mariadb_query_compressed) return EventType::query;
  if (type <= EventType::mariadb_delete_rows_compressed_v1) {
    return counted_from(EventType::mariadb_write_rows_compressed_v1, EventType::write_rows_v1);
  }
  return counted_from(EventType::mariadb_write_rows_compressed, EventType::write_rows);
}

}  // namespace

bool is_mariadb_compressed(EventType type) {
  return type >= EventType::mariadb_query_compressed &&
         type <= EventType::mariadb_delete_rows_compressed;
}

struct MariadbDecompressor::Inflater {
  libdeflate_decompressor* handle = libdeflate_alloc_decompressor();
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { libdeflate_free_decompressor(handle); }
};

MariadbDecompressor::MariadbDecompressor() : inflater_(std::make_unique<Inflater>()) {}
MariadbDecompressor::~MariadbDecompressor() = default;

// What is compressed begins with a byte 1aaa0nnn (a: algorithm, n: bytes of the size), then the
// size that it expands to, big-endian, then a zlib stream.
Result<EventView> MariadbDecompressor::expand(const EventView& event,
                                              const FormatDescription& format) {
  EventView plain = event;
  plain.header.type = plain_type(event.header.type);
  std::string_view packed;
  if (plain.header.type == EventType::query) {
    TAILRACE_ASSIGN(const QueryEvent query, parse_query(plain));
    packed = query.sql;
  } else {
    TAILRACE_ASSIGN(const RowsEvent rows, parse_rows(plain, format));
    packed = rows.rows;
  }
  const std::string_view head = event.body.substr(0, event.body.size() - packed.size());
  WireReader in(packed);
  const std::uint8_t first = in.u8();
  const std::size_t size_bytes = first & 0x07;
  if (!in.ok() || (first & 0x80) == 0 || size_bytes == 0 || size_bytes > 4) {
    return corrupt_event(event, "its compressed part has no head");
  }
  if ((first & 0x70) != 0) return unsupported_event(event, "another compression than zlib");
  const std::string_view stated = in.take(size_bytes);
  if (!in.ok()) return corrupt_event(event, "its compressed part is cut off");
  const std::uint64_t size = big_endian(stated.data(), stated.size());
  const std::string_view stream = in.rest();
  if (size > stream.size() * most_expansion) {
    return corrupt_event(event, "it claims to expand to more than its bytes can hold");
  }
  body_.assign(head);
  body_.resize(head.size() + size);
  const auto outcome = libdeflate_zlib_decompress(inflater_->handle, stream.data(), stream.size(),
                                                  body_.data() + head.size(), size, nullptr);
  if (outcome != LIBDEFLATE_SUCCESS) {
    return corrupt_event(event, "its compressed part cannot be expanded");
  }
  plain.body = body_;
  return plain;
}

}  // namespace tailrace::capture
