// Files that other servers and other projects wrote, beside the repository: each is read to its
// end, or to its damage with the error and offset that tests/golden/corpora.txt says, and has the
// rows that stand there. tests/integration/corpora_test.py holds that table against mysqlbinlog and
// mariadb-binlog. With TAILRACE_WRITE_GOLDEN set, what was read is written there (without the
// peers).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "capture/change_walk.hpp"

namespace tailrace::capture {
namespace {

namespace fs = std::filesystem;
const fs::path root = TAILRACE_SOURCE_DIR;
const fs::path table = root / "tests" / "golden" / "corpora.txt";

class Counts : public ChangeVisitor {
 public:
  Result<void> begin_rows(const WalkedRows& rows) override {
    row_ = &tables_[rows.layout->schema().id.text()][static_cast<std::size_t>(rows.op)];
    return {};
  }
  Result<void> row(std::uint64_t, std::span<const Value>, std::span<const Value>) override {
    ++*row_;
    return {};
  }
  Result<void> statement(const WalkedStatement&) override { return {}; }

  std::string text() const {
    std::string out;
    for (const auto& [name, rows] : tables_) {
      out += fmt::format("  {}: insert {} update {} delete {}\n", name, rows[0], rows[1], rows[2]);
    }
    return out;
  }

 private:
  std::map<std::string, std::array<std::uint64_t, 3>> tables_;
  std::uint64_t* row_ = nullptr;
};

// "binlog.checksum at 4711": the code, and the place that the message names.
std::string shown(const Error& error) {
  constexpr std::string_view words = "at offset ";
  const std::size_t at = error.message.find(words);
  if (at == std::string::npos) return error.code;
  const std::string_view rest = std::string_view(error.message).substr(at + words.size());
  return error.code + " at " + std::string(rest.substr(0, rest.find_first_not_of("0123456789")));
}

// What corpora.txt says of a file: how it ends, then a line for each table.
std::string read(const fs::path& path) {
  Counts counts;
  const auto result = [&]() -> Result<void> {
    TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(path));
    return ChangeWalk({}, counts).read(file, {});
  }();
  return (result ? "end" : shown(result.error())) + "\n" + counts.text();
}

std::map<std::string, std::string> expectations() {
  std::map<std::string, std::string> files;
  std::ifstream in(table);
  std::string* file = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != ' ') {
      const std::size_t colon = line.find(": ");
      file = &files[line.substr(0, colon)];
      line = line.substr(colon + 2, line.find("; ") - colon - 2);  // behind it: which peers read it
    }
    *file += line + "\n";
  }
  return files;
}

TEST(Corpora, EveryFileGivesItsRowsAndEndsWhereItShould) {
  const fs::path folder = root.parent_path() / "shared" / "corpora";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no folder " << folder << ": nothing was read";
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".md") continue;
    found[entry.path().filename()] = read(entry.path());
  }
  if (std::getenv("TAILRACE_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(table);
    for (const auto& [name, text] : found) out << name << ": " << text;
  }
  const auto expected = expectations();
  EXPECT_GT(expected.size(), 40u);
  for (const auto& [name, text] : found) {
    const auto wanted = expected.find(name);
    ASSERT_NE(wanted, expected.end()) << name << " has no expectation; it gives " << text;
    EXPECT_EQ(text, wanted->second) << name;
  }
  for (const auto& [name, text] : expected) {
    EXPECT_TRUE(found.contains(name)) << name << " is not in " << folder;
  }
}

}  // namespace
}  // namespace tailrace::capture
