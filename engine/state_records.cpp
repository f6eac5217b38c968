#include "engine/state_records.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/bytes.hpp"

namespace tailrace::engine {

namespace {

constexpr char chunk_mark = '\xc1';  // RootState's own version bytes are small

// `last` of a whole state: behind the version byte.
std::int64_t last_of(std::string_view bytes) {
  ByteReader in(bytes);
  in.byte();
  return unzigzag(in.varint());
}

std::string_view root_of(std::string_view key, std::size_t parts) {
  ByteReader in(key);
  for (std::size_t i = 0; i < parts; ++i) in.sized();
  return key.substr(0, key.size() - in.remaining());
}

}  // namespace

void append_state_records(std::vector<stream::StateRecord>& out, const StateOfRoot& state,
                          std::size_t chunk_bytes) {
  const auto& [partition, root, bytes] = state;
  if (bytes.size() <= chunk_bytes) {
    out.push_back({partition, root, bytes});
    return;
  }
  const std::size_t count = (bytes.size() + chunk_bytes - 1) / chunk_bytes;
  const std::uint64_t digest = XXH3_64bits(bytes.data(), bytes.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::string key = root;
    append_varint(key, i);
    std::string value(1, chunk_mark);
    append_varint(value, zigzag(last_of(bytes)));
    append_fixed(value, digest);
    append_varint(value, i);
    append_varint(value, count);
    value.append(bytes, i * chunk_bytes, chunk_bytes);
    out.push_back({partition, std::move(key), std::move(value)});
  }
}

std::optional<std::pair<std::string, std::string>> StateAssembler::add(
    std::string_view key, std::optional<std::string_view> value) {
  if (!value || value->empty()) return std::nullopt;
  const std::string root(root_of(key, key_parts_));
  if (value->front() != chunk_mark) {
    return std::pair(root, std::string(*value));
  }
  ByteReader in(value->substr(1));
  const std::int64_t last = unzigzag(in.varint());
  const auto digest = in.fixed<std::uint64_t>();
  const std::uint64_t index = in.varint();
  const std::uint64_t count = in.varint();
  Chunks& chunks = open_[root];
  if (last != chunks.last || digest != chunks.digest) chunks = {last, digest, {}, count};
  chunks.pieces[index] = in.take(in.remaining());
  if (chunks.pieces.size() < count) return std::nullopt;
  std::string whole;
  for (const auto& [number, piece] : chunks.pieces) whole += piece;
  open_.erase(root);
  return std::pair(root, std::move(whole));
}

}  // namespace tailrace::engine
