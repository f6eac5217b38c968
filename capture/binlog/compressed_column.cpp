#include "capture/binlog/compressed_column.hpp"

#include <libdeflate.h>

#include <memory>

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint8_t method_mask = 0xf0;
constexpr std::uint8_t method_deflate = 0x80;
constexpr std::uint8_t without_frame = 0x08;
// Deflate cannot make more than this of a byte.
constexpr std::uint64_t most_expansion = 1032;

libdeflate_decompressor* decompressor() {
  struct Free {
    void operator()(libdeflate_decompressor* handle) const {
      libdeflate_free_decompressor(handle);
    }
  };
  static thread_local const std::unique_ptr<libdeflate_decompressor, Free> handle(
      libdeflate_alloc_decompressor());
  return handle.get();
}

}  // namespace

bool expand_column(std::string_view field, Arena& arena, std::string_view& value) {
  WireReader in(field);
  const std::uint8_t first = in.u8();
  if (first == 0) {
    value = in.rest();
    return in.ok();
  }
  const std::size_t size_bytes = first & 0x07;
  if ((first & method_mask) != method_deflate || size_bytes == 0 || size_bytes > 4) return false;
  const std::string_view stated = in.take(size_bytes);
  const std::string_view stream = in.rest();
  if (!in.ok()) return false;
  const std::uint64_t size = big_endian(stated.data(), stated.size());
  if (size > stream.size() * most_expansion) return false;
  char* const out = arena.allocate(size);
  const auto inflate = (first & without_frame) != 0 ? libdeflate_deflate_decompress
                                                    : libdeflate_zlib_decompress;
  value = {out, size};
  return inflate(decompressor(), stream.data(), stream.size(), out, size, nullptr) ==
         LIBDEFLATE_SUCCESS;
}

}  // namespace tailrace::capture
