#include <gtest/gtest.h>

#include "core/json_writer.hpp"

namespace tailrace {
namespace {

TEST(JsonString, EscapesEveryByteThatNeedsItAtEveryPlace) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 0x80; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        std::string quoted = "before";
        append_json_string(quoted, text);
        char expected[16];
        const std::string_view short_forms = "\b\t\n\f\r\"\\";
        const std::size_t known = short_forms.find(static_cast<char>(byte));
        if (known != std::string_view::npos) {
          std::snprintf(expected, sizeof expected, "\\%c", "btnfr\"\\"[known]);
        } else {
          std::snprintf(expected, sizeof expected, byte < 0x20 ? "\\u%04x" : "%c", byte);
        }
        text.replace(at, 1, expected);
        ASSERT_EQ(quoted, "before\"" + text + "\"") << size << " " << at << " " << byte;
      }
    }
  }
  std::string quoted;
  append_json_string(quoted, "한국어 \U0001F600 ü and so on");
  EXPECT_EQ(quoted, "\"한국어 \U0001F600 ü and so on\"");
}

}  // namespace
}  // namespace tailrace
