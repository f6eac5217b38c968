#include "capture/reader_identity.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <random>

#include "core/mysql_gtid_set.hpp"

namespace tailrace::capture {
namespace {

// FNV-1a and a final mix: no secrets here, only names to be spread.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t value = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) {
    value ^= static_cast<unsigned char>(c);
    value *= 0x100000001b3ULL;
  }
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  return value ^ value >> 33;
}

}  // namespace

std::string own_host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

ReaderIdentity reader_identity(std::string_view pipeline, std::string_view shard,
                               std::string_view host, std::uint32_t server_id) {
  std::string name(host);
  name.append("\n").append(pipeline).append("\n").append(shard);
  Uuid uuid{};
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t bits = hash(name, half + 1);
    for (std::size_t i = 0; i < 8; ++i) {
      uuid[half * 8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
  }
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x80);  // version 8: our own making
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
  ReaderIdentity identity;
  identity.uuid = uuid_text(uuid);
  // Away from the small numbers that people give to servers.
  identity.server_id =
      server_id != 0 ? server_id : static_cast<std::uint32_t>(hash(name, 3) | 0x40000000u);
  return identity;
}

std::string some_reader_name() {
  std::random_device random;
  const std::uint64_t number = static_cast<std::uint64_t>(random()) << 32 | random();
  return fmt::format("tailrace-{:016x}", number);
}

}  // namespace tailrace::capture
