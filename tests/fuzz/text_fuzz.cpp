// Texts: every character set to UTF-8, what SELECT prints to values, JSON texts, geometries. Input:
// what, a parameter, then the text.
#include <string>
#include <string_view>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/geometry.hpp"
#include "capture/binlog/json_text.hpp"
#include "capture/binlog/text_value.hpp"
#include "core/json_writer.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

void check_json(std::string_view json) {
  std::string compact;
  TAILRACE_ASSERT(append_compact_json(compact, json));
  TAILRACE_ASSERT(compact == json);
}

void to_utf8(std::uint32_t collation, std::string_view bytes) {
  const std::string_view charset = charset_of_collation(collation);
  const auto converter = CharsetConverter::create(charset);
  if (!converter) return;
  Arena arena;
  bool repaired = false;
  TAILRACE_ASSERT(is_valid_utf8(converter->to_utf8(bytes, arena, repaired)));
}

void from_select(std::uint8_t kind, std::string_view text) {
  ColumnType type;
  type.kind = static_cast<ColumnKind>(kind % (static_cast<unsigned>(ColumnKind::unknown) + 1));
  type.is_unsigned = (kind & 0x80) != 0;
  type.as_boolean = (kind & 0x40) != 0;
  type.fraction_digits = kind >> 5;
  type.length = 16;
  type.precision = 20;
  type.scale = 4;
  type.charset = "utf8mb4";
  type.members = {"a", "\xc3\xa4", "with,comma", "with\"quote"};
  Arena arena;
  const auto value = value_from_text(type, text, arena);
  if (!value) return;
  std::string json;
  append_json_value(json, *value);
  std::string compact;
  TAILRACE_ASSERT(append_compact_json(compact, json));
}

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const std::uint8_t choice = input.byte();
  const std::uint8_t parameter = input.byte();
  std::string out;
  switch (choice % 8) {
    case 0:
      return to_utf8(parameter, input.rest());
    case 1:
      return from_select(parameter, input.rest());
    case 2:
      if (append_compact_json(out, input.rest())) check_json(out);
      return;
    case 3:
      if (append_geojson(out, input.rest())) check_json(out);
      return;
    case 4:
      if (append_vector_json(out, input.rest())) check_json(out);
      return;
    case 5: {
      Arena arena;
      bool repaired = false;
      TAILRACE_ASSERT(is_valid_utf8(valid_utf8(input.rest(), arena, repaired)));
      return;
    }
    case 6:
      return to_utf8(256u + parameter, input.rest());
    default: {
      const std::string text = quoted_identifier(input.rest());
      TAILRACE_ASSERT(text.size() >= input.rest().size() + 2);
    }
  }
}

}  // namespace

TAILRACE_FUZZ_TARGET(text, run)
