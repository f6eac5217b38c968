// Turns the bytes of one column into its Value: everything that is more than a fixed-size number.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/binlog/table_layout.hpp"
#include "core/arena.hpp"
#include "core/value.hpp"

namespace tailrace::capture {

// What decoding had to repair.
struct DecodeCounters {
  std::uint64_t invalid_texts = 0;  // texts with bytes that became U+FFFD
  // JSON values logged as differences to something that was not logged: absent.
  std::uint64_t unknown_documents = 0;
};

struct DecodeContext {
  Arena& arena;
  DecodeCounters& counters;
  std::string& scratch;
};

// `field`: exactly the column's bytes, without a length in front. False: not a value of that type.
bool decode_column(const CompiledColumn& column, std::string_view field, DecodeContext context,
                   Value& out);

}  // namespace tailrace::capture
