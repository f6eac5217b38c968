// Reading ahead, skipping, and events so large that they are mapped, of files and of pipes.
#include "capture/binlog/binlog_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "event_bytes.hpp"

namespace tailrace::capture {
namespace {

using testing::HasSubstr;
using namespace std::literals;

constexpr std::size_t large_bytes = std::size_t{9} << 20;

// FORMAT_DESCRIPTION, a small event, a large one, a small one.
class BinlogFileTest : public testing::TestWithParam<bool> {
 protected:
  BinlogFileTest() {
    bytes_ =
        "\xfe"
        "bin" +
        format_description_bytes("8.0.36", true);
    small_at_ = bytes_.size();
    bytes_ += event_bytes({EventType::xid, "12345678", 0, true});
    large_at_ = bytes_.size();
    bytes_ += event_bytes({EventType::ignorable, std::string(large_bytes, 'x') + "end", 0, true});
    last_at_ = bytes_.size();
    bytes_ += event_bytes({EventType::xid, "abcdefgh", 0, true});
  }
  ~BinlogFileTest() override {
    if (reading_ >= 0) ::close(reading_);
    if (file_ >= 0) ::close(file_);
  }

  Result<BinlogFile> open(std::string_view bytes) {
    if (GetParam()) {
      int ends[2];
      EXPECT_EQ(::pipe(ends), 0);
      reading_ = ends[0];
      writer_ = std::jthread([bytes = std::string(bytes), out = ends[1]] {
        for (std::size_t at = 0; at < bytes.size();) {
          const ssize_t done = ::write(out, bytes.data() + at, bytes.size() - at);
          if (done <= 0) break;
          at += static_cast<std::size_t>(done);
        }
        ::close(out);
      });
      return BinlogFile::open("/proc/self/fd/" + std::to_string(reading_));
    }
    file_ = ::memfd_create("tailrace-binlog", 0);
    EXPECT_EQ(::write(file_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return BinlogFile::open("/proc/self/fd/" + std::to_string(file_));
  }

  std::string bytes_;
  std::size_t small_at_ = 0;
  std::size_t large_at_ = 0;
  std::size_t last_at_ = 0;
  int reading_ = -1;
  int file_ = -1;
  std::jthread writer_;
};

TEST_P(BinlogFileTest, ReadsLargeEventsBetweenSmallOnes) {
  auto file = open(bytes_);
  ASSERT_TRUE(file) << file.error().message;
  for (const std::size_t at : {std::size_t{4}, small_at_, large_at_, last_at_}) {
    const auto event = file->next();
    ASSERT_TRUE(event) << event.error().message;
    ASSERT_TRUE(*event);
    EXPECT_EQ((*event)->offset, at);
    if (at == large_at_) {
      EXPECT_EQ((*event)->body.size(), large_bytes + 3);
      EXPECT_TRUE((*event)->body.ends_with("xend"));
    }
    if (at == last_at_) {
      EXPECT_EQ((*event)->body, "abcdefgh");
    }
  }
  const auto end = file->next();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
  EXPECT_EQ(file->offset(), bytes_.size());
}

TEST_P(BinlogFileTest, SkipsToAnOffset) {
  for (const bool far : {false, true}) {
    auto file = open(bytes_);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->next());
    ASSERT_TRUE(file->skip_to(far ? last_at_ : small_at_));
    const auto event = file->next();
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ((*event)->body, far ? "abcdefgh" : "12345678");
    const auto behind = file->skip_to(bytes_.size() + 1000);
    ASSERT_FALSE(behind);
    EXPECT_EQ(behind.error().code, "binlog.start_position");
    EXPECT_THAT(behind.error().message,
                testing::HasSubstr("it ends at offset " + std::to_string(bytes_.size())));
    // The rest of the pipe, or its writer waits for ever.
    if (writer_.joinable()) writer_.join();
  }
}

TEST_P(BinlogFileTest, LooksAheadWithoutMovingOn) {
  auto file = open(bytes_);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->next());
  const auto near = file->peek(small_at_, 27);
  ASSERT_TRUE(near);
  EXPECT_EQ(near->substr(19), "12345678");
  // Of a pipe not so far: that would have to be held.
  const auto far = file->peek(last_at_, 1000);
  ASSERT_TRUE(far);
  EXPECT_EQ(*far, GetParam() ? "" : std::string_view(bytes_).substr(last_at_));
  EXPECT_EQ(file->offset(), small_at_);
  for (const std::string_view body : {"12345678"sv, ""sv, "abcdefgh"sv}) {
    const auto event = file->next();
    ASSERT_TRUE(event) << event.error().message;
    if (!body.empty()) {
      EXPECT_EQ((*event)->body, body);
    }
  }
}

TEST_P(BinlogFileTest, SaysWhereItWasCutOff) {
  auto file = open(std::string_view(bytes_).substr(0, large_at_ + (large_bytes / 2)));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->next());
  ASSERT_TRUE(file->next());
  const auto cut = file->next();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, "binlog.truncated");
  EXPECT_THAT(cut.error().message,
              HasSubstr("it ends inside the IGNORABLE event at offset " +
                        std::to_string(large_at_) + ": 4718592 of 9437210 bytes are there"));
}

INSTANTIATE_TEST_SUITE_P(Of, BinlogFileTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "APipe" : "AFile"; });

}  // namespace
}  // namespace tailrace::capture
