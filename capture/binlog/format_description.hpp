// FORMAT_DESCRIPTION: who wrote the file and how its events are laid out.
// Source: MySQL Format_description_event; binlog.md on the checksum byte.
// Threading: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "capture/binlog/event.hpp"

namespace tailrace::capture {

enum class ChecksumAlgorithm : std::uint8_t { none = 0, crc32 = 1 };

struct FormatDescription {
  std::string server_version = "8.0.0";
  bool mariadb = false;
  ChecksumAlgorithm checksum = ChecksumAlgorithm::none;
  bool always_checksummed = false;  // this event itself has one, whatever the others have
  std::array<std::uint8_t, 256> post_header_bytes{};  // by type; 0: not announced

  // Row events with an extra-data length (version 2). What FORMAT_DESCRIPTION does not announce
  // goes by the type's number.
  bool rows_have_extra_data(EventType type) const;
  // 4 bytes in files of the 5.1 betas, else 6.
  std::size_t table_id_bytes(EventType type) const;
};

// `packet` is the whole event, header included: its tail tells whether a checksum follows, which
// only this event can say about itself. On success `view.body` ends before the checksum.
Result<FormatDescription> parse_format_description(std::string_view packet, EventView& view);

}  // namespace tailrace::capture
