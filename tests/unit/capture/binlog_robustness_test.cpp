// Whole golden files, cut at every byte and with every byte changed, through the walk that
// `tailrace binlog` takes: an error or nothing, never a crash, never another row, in little memory.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "capture/change_walk.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {
namespace {

namespace fs = std::filesystem;

// Of smaller files single bits are changed too.
constexpr std::size_t small_bytes = 16 * 1024;
constexpr long most_memory_kib = 256 * 1024;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Every row and statement as one text.
class Texts : public ChangeVisitor {
 public:
  Result<void> begin_rows(const WalkedRows& rows) override {
    offset_ = rows.event.offset;
    head_ = rows.transaction.gtid + " " + rows.layout->schema().id.text() + " " +
            std::to_string(static_cast<int>(rows.op));
    return {};
  }
  Result<void> row(std::uint64_t index, std::span<const Value> before,
                   std::span<const Value> after) override {
    text_ = head_;
    text_ += ' ' + std::to_string(index);
    append(before);
    append(after);
    return take(text_);
  }
  Result<void> statement(const WalkedStatement& statement) override {
    offset_ = statement.event.offset;
    return take(statement.transaction.gtid + " " + statement.table.text() + " " +
                std::string(statement.sql));
  }

 protected:
  virtual Result<void> take(const std::string& text) = 0;
  std::uint64_t offset_ = 0;  // of the event that is told

 private:
  void append(std::span<const Value> image) {
    for (const Value& value : image) {
      text_ += ' ';
      text_ += static_cast<char>('a' + static_cast<int>(value.kind()));
      if (value.has_text()) {
        text_ += value.as_text();
      } else {
        append_json_value(text_, value);
      }
    }
    text_ += '|';
  }

  std::string head_;
  std::string text_;
};

class Collected : public Texts {
 public:
  std::vector<std::string> changes;
  std::vector<std::uint64_t> offsets;

 protected:
  Result<void> take(const std::string& text) override {
    changes.push_back(text);
    offsets.push_back(offset_);
    return {};
  }
};

// Counts the changes that are those of the undamaged file, and stops at the first that is not.
class Compared : public Texts {
 public:
  Compared(const std::vector<std::string>& expected, std::size_t from)
      : equal(from), expected_(expected) {}
  std::size_t equal;  // with those in front of where the walk begins
  std::string other;  // the first change that the undamaged file does not have there

 protected:
  Result<void> take(const std::string& text) override {
    if (equal < expected_.size() && text == expected_[equal]) {
      ++equal;
      return {};
    }
    other = text;
    return halt("test.other_row", "another row");
  }

 private:
  const std::vector<std::string>& expected_;
};

class Robustness : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    original_ = read_file(fs::path(TAILRACE_SOURCE_DIR) / "tests" / "golden" / GetParam());
    ASSERT_FALSE(original_.empty());
    memory_ = ::memfd_create("tailrace-robustness", MFD_CLOEXEC);
    ASSERT_GE(memory_, 0);
    path_ = "/proc/self/fd/" + std::to_string(memory_);
    write(0, original_);
    Collected collected;
    const auto result = walk(collected, 0);
    ASSERT_TRUE(result) << result.error().message;
    expected_ = std::move(collected.changes);
    offsets_ = std::move(collected.offsets);
    ASSERT_FALSE(expected_.empty());
    for (const std::size_t at : event_ends()) {
      if (at == original_.size()) continue;
      const EventType type = decode_event_header(original_.data() + at).type;
      const bool begins = type == EventType::gtid || type == EventType::gtid_tagged ||
                          type == EventType::anonymous_gtid || type == EventType::mariadb_gtid;
      if (begins) begins_.insert(at);
    }
    // Not where definitions in front name the columns of what follows.
    const std::set<std::size_t> candidates = begins_;
    for (const std::size_t at : candidates) {
      Compared changes = compared_from(at);
      static_cast<void>(walk(changes, at));
      if (!changes.other.empty()) begins_.clear();
    }
  }
  void TearDown() override {
    ::close(memory_);
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    std::printf("%zu bytes, %zu changes, peak %ld MiB\n", original_.size(), expected_.size(),
                used.ru_maxrss / 1024);
#ifndef __SANITIZE_ADDRESS__  // whose own memory is many times that of the program
    EXPECT_LT(used.ru_maxrss, most_memory_kib);
#endif
  }

  void write(std::size_t offset, std::string_view bytes) {
    ASSERT_EQ(::pwrite(memory_, bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }
  Result<void> walk(ChangeVisitor& visitor, std::size_t start) {
    TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(path_));
    ChangeWalk::Range range;
    range.start = start;
    return ChangeWalk({}, visitor).read(file, range);
  }
  // Where a walk may begin that must meet the byte: with the transaction before its own,
  // where nothing in front matters to it. 0: from the beginning.
  std::size_t start_for(std::size_t byte) const {
    auto begin = begins_.upper_bound(byte);
    for (int back = 0; back < 2; ++back) {
      if (begin == begins_.begin()) return 0;
      --begin;
    }
    return *begin;
  }
  Compared compared_from(std::size_t start) const {
    const auto from = std::lower_bound(offsets_.begin(), offsets_.end(), start);
    return Compared(expected_, static_cast<std::size_t>(from - offsets_.begin()));
  }
  std::set<std::size_t> event_ends() const {
    std::set<std::size_t> ends{4};
    for (std::size_t at = 4; at < original_.size(); ends.insert(at)) {
      at += decode_event_header(original_.data() + at).size;
    }
    return ends;
  }

  std::string original_;
  std::vector<std::string> expected_;
  std::vector<std::uint64_t> offsets_;  // of the events that hold them
  std::set<std::size_t> begins_;        // of transactions
  int memory_ = -1;
  std::string path_;  // of the file in memory
};

TEST_P(Robustness, ACutFileGivesWhatIsBeforeTheCutAndSaysWhereItEnds) {
  const std::set<std::size_t> ends = event_ends();
  std::size_t before = expected_.size();
  for (std::size_t size = original_.size(); size-- > 0;) {
    ASSERT_EQ(::ftruncate(memory_, static_cast<off_t>(size)), 0);
    const std::size_t start = size == 0 ? 0 : start_for(size - 1);
    Compared changes = compared_from(start);
    const auto result = walk(changes, start);
    ASSERT_EQ(changes.other, "") << "cut at " << size;
    ASSERT_LE(changes.equal, before) << "more is read of less, cut at " << size;
    before = changes.equal;
    ASSERT_EQ(result.has_value(), ends.contains(size)) << "cut at " << size;
    if (result) continue;
    ASSERT_TRUE(size < 4 ? result.error().code == "binlog.not_a_binlog"
                         : result.error().code == "binlog.truncated")
        << result.error().code << ": " << result.error().message;
    const std::size_t event = size < 4 ? 0 : *std::prev(ends.upper_bound(size));
    if (size < 4) continue;
    ASSERT_NE(result.error().message.find("at offset " + std::to_string(event)), std::string::npos)
        << result.error().message;
  }
}

TEST_P(Robustness, AChangedByteIsNoticedBeforeAnyWrongRow) {
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i < original_.size(); ++i) {
    for (const unsigned flip : {0xffu, 1u << (i % 8)}) {
      if (flip != 0xff && original_.size() > small_bytes) continue;
      const char changed = static_cast<char>(static_cast<unsigned char>(original_[i]) ^ flip);
      write(i, {&changed, 1});
      const std::size_t start = start_for(i);
      Compared changes = compared_from(start);
      const auto result = walk(changes, start);
      ASSERT_EQ(changes.other, "") << "byte " << i << " flipped by " << flip;
      if (result) {
        ASSERT_EQ(changes.equal, expected_.size()) << "byte " << i << " flipped by " << flip;
        ++unnoticed;
      }
    }
    write(i, {&original_[i], 1});
  }
  // The in-use flag of FORMAT_DESCRIPTION is the one thing that no checksum covers.
  EXPECT_LE(unnoticed, 2u);
}

INSTANTIATE_TEST_SUITE_P(Files, Robustness,
                         testing::Values("json.binlog", "types.binlog", "partial_json.binlog",
                                         "payload.binlog", "lines/statements.binlog",
                                         "mariadb/types.binlog"),
                         [](const auto& param) {
                           const fs::path path = param.param;
                           const std::string folder = path.parent_path().string();
                           return (folder.empty() ? "" : folder + "_") + path.stem().string();
                         });

}  // namespace
}  // namespace tailrace::capture
