#include "sinks/stdout/stdout_sink.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tailrace::sinks {
namespace {

std::string printed(StdoutOptions options, const std::vector<DocumentWrite>& batch) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  EXPECT_TRUE(open_stdout_sink(options, out).value()->apply(batch));
  std::fclose(out);
  std::string copy(text, size);
  std::free(text);
  return copy;
}

TEST(StdoutSink, PrintsALineForEveryWrite) {
  const auto version = [](std::uint64_t number) { return Version::from_number(number); };
  EXPECT_EQ(
      printed({}, {{"a\"b", version(5), false, "{\"x\":\n1.50}"}, {"7", version(6), true, "{}"}}),
      "{\"id\":\"a\\\"b\",\"version\":5,\"deleted\":false,\"body\":{\"x\": 1.50}}\n"
      "{\"id\":\"7\",\"version\":6,\"deleted\":true,\"body\":{}}\n");
}

TEST(StdoutSink, IndentsAndKeepsEveryDigit) {
  const std::string text =
      printed({.pretty = true},
              {{"7", Version::from_number(5), false, R"({"total":10.500000000000000000001})"}});
  EXPECT_NE(text.find("\"total\": 10.500000000000000000001\n"), std::string::npos) << text;
  EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 5);
}

}  // namespace
}  // namespace tailrace::sinks
