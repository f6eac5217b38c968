#include "capture/binlog/format_description.hpp"

#include <algorithm>
#include <charconv>

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::size_t version_bytes = 50;
constexpr std::uint32_t oldest_server = 5'000'000;  // the first with binlog version 4
constexpr std::size_t checksum_tail_bytes = 5;  // algorithm, then room for a CRC even when off

// "10.11.19-MariaDB-log" -> 10'011'019; digits only up to the first other byte.
std::uint32_t version_number(std::string_view text) {
  std::uint32_t parts[3] = {0, 0, 0};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::uint32_t& part : parts) {
    const auto [stop, error] = std::from_chars(at, end, part);
    if (error != std::errc{}) break;
    at = stop;
    if (at == end || *at != '.') break;
    ++at;
  }
  return std::min(parts[0], 999u) * 1'000'000 + std::min(parts[1], 999u) * 1'000 +
         std::min(parts[2], 999u);
}

bool writes_checksum_byte(const FormatDescription& format, std::uint32_t version) {
  return version >= (format.mariadb ? 5'003'000u : 5'006'001u);
}

}  // namespace

bool FormatDescription::rows_have_extra_data(EventType type) const {
  const std::uint8_t announced = post_header_bytes[static_cast<std::size_t>(type)];
  if (announced != 0) return announced == 10;
  return type >= EventType::write_rows && type <= EventType::partial_update_rows;
}

std::size_t FormatDescription::table_id_bytes(EventType type) const {
  return post_header_bytes[static_cast<std::size_t>(type)] == 6 ? 4 : 6;
}

Result<FormatDescription> parse_format_description(std::string_view packet, EventView& view) {
  std::string_view body = packet.substr(event_header_bytes);
  WireReader in(body);
  FormatDescription format;
  const std::uint16_t version = in.u16();
  std::string_view server = in.take(version_bytes);
  in.u32();  // when the server started, or 0
  const std::uint8_t header_bytes = in.u8();
  if (!in.ok()) return corrupt_event(view, "too short");
  if (version != 4) return unsupported_event(view, "binlog version " + std::to_string(version));
  if (header_bytes != event_header_bytes) {
    return unsupported_event(view, "event headers of " + std::to_string(header_bytes) + " bytes");
  }
  server = server.substr(0, server.find('\0'));
  format.server_version = server;
  format.mariadb = server.find("MariaDB") != std::string_view::npos;
  const std::uint32_t number = version_number(format.server_version);
  if (number < oldest_server) {
    return corrupt_event(view, "no server version in '" + format.server_version + "'");
  }
  if (server.substr(std::min<std::size_t>(server.size(), 5)).starts_with("-a_drop")) {
    return unsupported_event(view, "written by '" + format.server_version +
                                       "', an alpha whose event types have other numbers");
  }
  std::string_view lengths = in.rest();
  if (writes_checksum_byte(format, number)) {
    if (lengths.size() < checksum_tail_bytes) return corrupt_event(view, "no checksum algorithm");
    const auto algorithm = static_cast<std::uint8_t>(lengths[lengths.size() - checksum_tail_bytes]);
    if (algorithm > 1 && algorithm != 255) {
      return unsupported_event(view, "checksum algorithm " + std::to_string(algorithm));
    }
    format.checksum = algorithm == 1 ? ChecksumAlgorithm::crc32 : ChecksumAlgorithm::none;
    // Servers that know checksums sum this event also when the others go without; 0: not done.
    // MariaDB, sending from within a file, takes the position out and leaves the file's sum there.
    const bool rewritten = format.mariadb && view.header.end_position == 0;
    format.always_checksummed =
        !rewritten && load<std::uint32_t>(packet.data() + packet.size() - 4) != 0;
    lengths.remove_suffix(checksum_tail_bytes);
    body.remove_suffix(checksum_tail_bytes - 1);
  }
  if (lengths.size() > 255) return corrupt_event(view, "more than 255 post-header lengths");
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    format.post_header_bytes[i + 1] = static_cast<std::uint8_t>(lengths[i]);
  }
  view.body = body;
  return format;
}

}  // namespace tailrace::capture
