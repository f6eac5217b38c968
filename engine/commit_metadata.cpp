#include "engine/commit_metadata.hpp"

#include "core/bytes.hpp"
#include "core/json_writer.hpp"

namespace tailrace::engine {

namespace {

constexpr std::uint8_t metadata_version = 1;

Failure malformed() {
  return halt("commit.malformed",
              "the commit metadata of a partition is damaged or of a newer version");
}

std::string encode(const CommitMetadata& metadata) {
  std::string out(1, static_cast<char>(metadata_version));
  append_varint(out, metadata.generation);
  append_sized(out, metadata.owner);
  out.push_back(metadata.marks ? '\1' : '\0');
  append_varint(out, metadata.posted.size());
  for (const auto& [table, offset] : metadata.posted) {
    append_sized(out, table);
    append_varint(out, static_cast<std::uint64_t>(offset));
  }
  append_varint(out, metadata.ended.size());
  for (const std::uint8_t source : metadata.ended) out.push_back(static_cast<char>(source));
  append_varint(out, metadata.loads.size());
  for (const auto& [sink, next] : metadata.loads) {
    append_sized(out, sink);
    out.push_back(next ? '\1' : '\0');
    if (next) append_sized(out, *next);
  }
  return out;
}

}  // namespace

std::string CommitMetadata::text() const {
  std::string out;
  append_base64(out, encode(*this));
  return out;
}

Result<CommitMetadata> CommitMetadata::parse(std::string_view text) {
  std::string bytes;
  if (!decode_base64(text, bytes)) return malformed();
  ByteReader in(bytes);
  if (in.byte() != metadata_version) return malformed();
  CommitMetadata metadata;
  metadata.generation = static_cast<std::uint16_t>(in.varint());
  metadata.owner = in.sized();
  metadata.marks = in.byte() != 0;
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    const std::string table(in.sized());
    metadata.posted[table] = static_cast<stream::Offset>(in.varint());
  }
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) metadata.ended.insert(in.byte());
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    const std::string sink(in.sized());
    const bool under_way = in.byte() != 0;
    metadata.loads[sink] = under_way ? std::optional<std::string>(in.sized()) : std::nullopt;
  }
  if (!in.ok() || !in.at_end()) return malformed();
  return metadata;
}

}  // namespace tailrace::engine
