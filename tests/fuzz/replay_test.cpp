// Every input that once broke a fuzz target, through that target in this build and its sanitizers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "fuzz_target.hpp"

namespace tailrace::fuzz {
namespace {

namespace fs = std::filesystem;
const fs::path folder = fs::path(TAILRACE_SOURCE_DIR) / "tests" / "fuzz";

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::size_t replay(const Target& target, const fs::path& inputs) {
  if (!fs::is_directory(inputs)) return 0;
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(inputs)) {
    SCOPED_TRACE(entry.path().string());
    const std::string bytes = read_file(entry.path());
    // A copy of exact size: a read past its end is one past the allocation.
    const std::string_view view(bytes);
    const std::unique_ptr<char[]> exact(new char[view.size()]);
    view.copy(exact.get(), view.size());
    target.run({exact.get(), view.size()});
    ++count;
  }
  return count;
}

TEST(FuzzReplay, EveryInputThatWasKeptIsRead) {
  std::size_t count = 0;
  for (const Target& target : targets()) {
    count += replay(target, folder / "regressions" / target.name);
    target.run({});
  }
  std::printf("%zu inputs of %zu targets\n", count, targets().size());
  EXPECT_GT(count, 0u);
}

TEST(FuzzReplay, EveryFolderOfInputsIsOfATarget) {
  std::set<std::string_view> names;
  for (const Target& target : targets()) names.insert(target.name);
  for (const auto& entry : fs::directory_iterator(folder / "regressions")) {
    EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path();
  }
}

TEST(FuzzReplay, EveryTargetIsOnTheList) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().ends_with("_fuzz.cpp")) ++files;
  }
  EXPECT_EQ(targets().size(), files);
}

}  // namespace
}  // namespace tailrace::fuzz
