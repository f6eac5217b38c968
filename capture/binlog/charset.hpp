// Character sets of MySQL and MariaDB: names by collation id, conversion to UTF-8.
// Threading: the tables are constant; a CharsetConverter belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/arena.hpp"

namespace tailrace::capture {

// "utf8mb4", "latin1", "binary"; "" for an id that is not known.
std::string_view charset_of_collation(std::uint32_t collation);
// Most bytes of one character; 1 for unknown names.
std::uint32_t charset_max_bytes(std::string_view charset);

// The text with every invalid sequence replaced by U+FFFD, or the very same view if it is valid
// UTF-8. `repaired` is set when something was replaced.
std::string_view valid_utf8(std::string_view bytes, Arena& arena, bool& repaired);
bool is_valid_utf8(std::string_view bytes);

class CharsetConverter {
 public:
  // Null for a character set that cannot be converted (its name is then in no MySQL we know).
  static std::unique_ptr<CharsetConverter> create(std::string_view charset);
  virtual ~CharsetConverter() = default;

  // UTF-8 of `bytes`: the bytes themselves where nothing changes, else in the arena. What is not
  // a character becomes U+FFFD and sets `repaired`.
  virtual std::string_view to_utf8(std::string_view bytes, Arena& arena, bool& repaired) const = 0;
};

}  // namespace tailrace::capture
