// Files of other servers, beside the repository: decoded to the end, or an error with its place.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "binlog_changes.hpp"

namespace tailrace::capture {
namespace {

namespace fs = std::filesystem;

TEST(Corpora, EveryFileIsReadToItsEndOrToItsDamage) {
  const fs::path folder = fs::path(TAILRACE_SOURCE_DIR).parent_path() / "shared" / "corpora";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no folder " << folder << ": nothing was read";
  std::size_t whole = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".md") continue;
    BinlogChanges reader([](const DecodedRow&) {});
    const auto result = reader.read(entry.path());
    std::printf("%-52s %5zu events %6zu rows  %s\n", entry.path().filename().c_str(), reader.events,
                reader.changes, result ? "ok" : result.error().message.c_str());
    if (result) {
      ++whole;
    } else {
      EXPECT_NE(result.error().message.find("offset"), std::string::npos)
          << "no place in: " << result.error().message;
    }
  }
  EXPECT_GT(whole, 20u);
}

}  // namespace
}  // namespace tailrace::capture
