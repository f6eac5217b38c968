#include <cstring>

#include "core/assert.hpp"
#include "stream/event_log.hpp"

namespace tailrace::stream {
namespace {

// org.apache.kafka.common.utils.Utils.murmur2: MurmurHash2, 32 bits, with Kafka's fixed seed.
std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t seed = 0x9747b28c;
  constexpr std::uint32_t m = 0x5bd1e995;
  const auto size = static_cast<std::uint32_t>(key.size());
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(key[i]));
  };
  std::uint32_t hash = seed ^ size;
  const std::size_t whole = key.size() & ~std::size_t{3};
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t k = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    k *= m;
    k ^= k >> 24;
    k *= m;
    hash = (hash * m) ^ k;
  }
  const std::size_t rest = key.size() - whole;
  if (rest > 2) hash ^= byte(whole + 2) << 16;
  if (rest > 1) hash ^= byte(whole + 1) << 8;
  if (rest > 0) hash = (hash ^ byte(whole)) * m;
  hash ^= hash >> 13;
  hash *= m;
  return hash ^ (hash >> 15);
}

}  // namespace

Partition partition_of(std::string_view key, Partition partitions) {
  TAILRACE_ASSERT(partitions > 0);
  return static_cast<Partition>((murmur2(key) & 0x7fffffffU) %
                                static_cast<std::uint32_t>(partitions));
}

}  // namespace tailrace::stream
