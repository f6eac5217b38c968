// The values of MariaDB's COMPRESSED columns.
// Source: MariaDB sql/field_comp.cc. A byte 0 and the value as it is; or a byte 1000rnnn (r: the
// stream has no zlib frame; n: bytes of the size), the size big-endian, and a deflate stream.
// Threading: free function.
#pragma once

#include <string_view>

#include "core/arena.hpp"

namespace tailrace::capture {

// The value in `field`, which is not empty: a part of it, or in the arena. False: it is damaged, or
// claims more than its bytes can hold.
bool expand_column(std::string_view field, Arena& arena, std::string_view& value);

}  // namespace tailrace::capture
