// tailrace binlog on files whose row events were cut into pieces, as MariaDB 12.3 does.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "app/binlog/change_lines.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/capture_binlog/event_bytes.hpp"

namespace tailrace::app {
namespace {

namespace fs = std::filesystem;
using capture::EventType;
using testing::HasSubstr;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Told {
  std::string lines;  // without their positions
  std::string error;
};

Told lines_of(const std::string& path) {
  const TemporaryFolder folder;
  folder.write("lines", "");
  Told told;
  {
    const int out = ::open(folder.file("lines").c_str(), O_WRONLY);
    ChangeLines lines(out);
    capture::ChangeWalk walk({}, lines);
    auto file = capture::BinlogFile::open(path);
    const auto read = walk.read(*file, {});
    if (!read) told.error = read.error().message;
    EXPECT_TRUE(lines.flush());
    ::close(out);
  }
  told.lines = std::regex_replace(read_file(folder.file("lines")),
                                  std::regex(R"("file":"[^"]*","pos":\d+,)"), "");
  return told;
}

std::string piece_of(std::uint32_t number, std::uint32_t count, std::string_view bytes,
                     std::size_t whole_bytes) {
  std::string body;
  append_fixed(body, number);
  append_fixed(body, count);
  body.push_back(number == 1 ? '\1' : '\0');
  if (number == 1) append_fixed(body, static_cast<std::uint64_t>(whole_bytes));
  return capture::event_bytes(
      {EventType::mariadb_partial_row_data, body.append(bytes), 0, /*checksum=*/true});
}

// The file with every row event in three pieces; of them `skipped` is left out.
std::string in_pieces(const std::string& file, std::uint32_t skipped) {
  std::string cut = file.substr(0, 4);
  for (std::size_t at = 4; at < file.size();) {
    const auto header = capture::decode_event_header(file.data() + at);
    const std::string event = file.substr(at, header.size);
    at += header.size;
    const bool rows =
        capture::is_rows_event(header.type) || (capture::is_mariadb_compressed(header.type) &&
                                                header.type != EventType::mariadb_query_compressed);
    if (!rows) {
      cut += event;
      continue;
    }
    const std::string_view whole(event.data(), event.size() - 4);  // without its checksum
    for (std::uint32_t i = 0; i < 3; ++i) {
      const std::size_t from = whole.size() * i / 3;
      const std::size_t size = whole.size() * (i + 1) / 3 - from;
      if (i + 1 != skipped) cut += piece_of(i + 1, 3, whole.substr(from, size), whole.size());
    }
  }
  return cut;
}

TEST(BinlogInPieces, TellsTheSameAsWhole) {
  const fs::path golden = fs::path(TAILRACE_SOURCE_DIR) / "tests" / "golden" / "mariadb";
  for (const char* name : {"types.binlog", "compressed.binlog", "compressed_columns.binlog"}) {
    const Told whole = lines_of(golden / name);
    const TemporaryFolder folder;
    const std::string bytes = read_file(golden / name);
    folder.write("pieces", in_pieces(bytes, 0));
    const Told pieces = lines_of(folder.file("pieces"));
    EXPECT_EQ(pieces.error, "");
    EXPECT_EQ(pieces.lines, whole.lines) << name;
    EXPECT_THAT(whole.lines, HasSubstr("\"op\":\"insert\""));
    for (const std::uint32_t skipped : {1u, 2u, 3u}) {
      folder.write("pieces", in_pieces(bytes, skipped));
      EXPECT_THAT(lines_of(folder.file("pieces")).error,
                  HasSubstr(skipped == 3 ? "it comes between the pieces of a row event"
                                         : "PARTIAL_ROW_DATA event at offset"));
    }
  }
}

}  // namespace
}  // namespace tailrace::app
