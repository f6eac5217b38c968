// Every way to cut or to change one byte of a small file: an error or nothing, never another row.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "binlog_changes.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// All rows as one text, line by line.
std::string rows_text(const DecodedRow& row) {
  std::string text = row.table.id.text() + " " + std::to_string(static_cast<int>(row.op));
  for (const auto& image : {row.before, row.after}) {
    for (const Value& value : image) {
      text += ' ';
      text += std::to_string(static_cast<int>(value.kind()));
      append_json_value(text, value);
    }
  }
  return text + "\n";
}

class Damage : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    original_ = read_file(fs::path(TAILRACE_SOURCE_DIR) / "tests" / "golden" / GetParam());
    memory_ = ::memfd_create("tailrace-damage", 0);
    ASSERT_GE(memory_, 0);
    path_ = "/proc/self/fd/" + std::to_string(memory_);
  }
  void TearDown() override { ::close(memory_); }

  struct Outcome {
    bool ok = false;
    std::string rows;
  };
  Outcome read(std::string_view bytes) {
    EXPECT_EQ(::ftruncate(memory_, 0), 0);
    EXPECT_EQ(::pwrite(memory_, bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    Outcome outcome;
    BinlogChanges reader([&](const DecodedRow& row) { outcome.rows += rows_text(row); });
    outcome.ok = static_cast<bool>(reader.read(path_));
    return outcome;
  }

  std::string original_;
  int memory_ = -1;
  std::string path_;  // of the file in memory
};

TEST_P(Damage, ACutFileGivesTheRowsBeforeTheCut) {
  const Outcome whole = read(original_);
  ASSERT_TRUE(whole.ok);
  for (std::size_t size = 0; size < original_.size(); ++size) {
    const Outcome cut = read(std::string_view(original_).substr(0, size));
    ASSERT_TRUE(whole.rows.starts_with(cut.rows)) << "cut at " << size;
  }
}

TEST_P(Damage, AChangedByteIsNoticedOrChangesNoRow) {
  const Outcome whole = read(original_);
  ASSERT_TRUE(whole.ok);
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i < original_.size(); ++i) {
    for (const unsigned flip : {0xffu, 1u << (i % 8)}) {
      std::string bytes = original_;
      bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ flip);
      const Outcome changed = read(bytes);
      if (changed.ok) ++unnoticed;
      ASSERT_TRUE(whole.rows.starts_with(changed.rows)) << "byte " << i << " flipped by " << flip;
    }
  }
  // The in-use flag of FORMAT_DESCRIPTION is the one thing that no checksum covers.
  EXPECT_LE(unnoticed, 2u);
}

// The same with checksums made right again: nothing but the decoders' own checks is left.
TEST_P(Damage, AForgedByteNeverCrashesTheDecoders) {
  std::size_t decoded = 0;
  for (std::size_t offset = 4; offset + event_header_bytes <= original_.size();) {
    const std::size_t size = decode_event_header(original_.data() + offset).size;
    for (std::size_t i = offset + event_header_bytes; i + 4 < offset + size; ++i) {
      for (const unsigned flip : {0xffu, 0x80u, 1u << (i % 8)}) {
        BinlogChanges reader([&](const DecodedRow& row) { decoded += rows_text(row).size(); });
        std::string bytes = original_;
        bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ flip);
        FormatDescription format;
        EventReader events;
        for (std::size_t at = 4; at < bytes.size();) {
          const std::size_t length = decode_event_header(bytes.data() + at).size;
          EventView event{decode_event_header(bytes.data() + at),
                          std::string_view(bytes).substr(at + event_header_bytes,
                                                         length - event_header_bytes - 4), at};
          if (event.header.type == EventType::format_description) {
            if (auto read = events.read({bytes.data() + at, length}, at)) format = events.format();
          } else if (!reader.apply(event, format)) {
            break;
          }
          at += length;
        }
      }
    }
    offset += size;
  }
  EXPECT_GT(decoded, 0u);
}

INSTANTIATE_TEST_SUITE_P(Files, Damage,
                         testing::Values("images.binlog", "payload.binlog", "partial_json.binlog",
                                         "mariadb/compressed.binlog"),
                         [](const auto& param) { return fs::path(param.param).stem().string(); });

}  // namespace
}  // namespace tailrace::capture
