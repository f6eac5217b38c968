// Row events that MariaDB 12.3 cut into pieces.
#include "capture/binlog/partial_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/capture_binlog/event_bytes.hpp"

namespace tailrace::capture {
namespace {

using testing::HasSubstr;

struct Piece {
  std::uint32_t number;
  std::uint32_t count;
  std::string_view bytes;
  std::optional<std::uint64_t> whole_bytes = std::nullopt;
};

enum class Order { number_first, count_first };

std::string body_of(const Piece& piece, Order order) {
  std::string body;
  const bool number_first = order == Order::number_first;
  append_fixed<std::uint32_t>(body, number_first ? piece.number : piece.count);
  append_fixed<std::uint32_t>(body, number_first ? piece.count : piece.number);
  body.push_back(piece.whole_bytes ? '\1' : '\0');
  if (piece.whole_bytes) append_fixed<std::uint64_t>(body, *piece.whole_bytes);
  return body.append(piece.bytes);
}

Result<std::optional<EventView>> add(PartialRows& rows, const Piece& piece,
                                     Order order = Order::number_first) {
  const std::string body = body_of(piece, order);
  return rows.add(event_view(EventType::mariadb_partial_row_data, body));
}

std::string error_of(const Result<std::optional<EventView>>& outcome) {
  return outcome ? "no error" : outcome.error().message;
}

class PartialRowsTest : public testing::TestWithParam<Order> {};

TEST_P(PartialRowsTest, PutTheRowEventTogether) {
  for (const bool checksum : {false, true}) {
    const std::string whole =
        event_bytes({EventType::write_rows_v1, "the head and the rows", 0, checksum});
    const std::string_view bytes = whole;
    PartialRows rows;
    for (int round = 0; round < 2; ++round) {
      const auto first = add(rows, {1, 3, bytes.substr(0, 7), bytes.size()}, GetParam());
      ASSERT_TRUE(first) << first.error().message;
      EXPECT_FALSE(*first);
      EXPECT_TRUE(rows.open());
      ASSERT_TRUE(add(rows, {2, 3, bytes.substr(7, 20)}, GetParam()));
      const auto last = add(rows, {3, 3, bytes.substr(27)}, GetParam());
      ASSERT_TRUE(last) << last.error().message;
      ASSERT_TRUE(*last);
      EXPECT_EQ((*last)->header.type, EventType::write_rows_v1);
      EXPECT_EQ((*last)->body, "the head and the rows");
      EXPECT_EQ((*last)->offset, 4711u);
      EXPECT_FALSE(rows.open());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(WithEitherNumberFirst, PartialRowsTest,
                         testing::Values(Order::number_first, Order::count_first),
                         [](const auto& param) {
                           return param.param == Order::number_first ? "Number" : "Count";
                         });

TEST(PartialRows, MayBeASinglePiece) {
  const std::string whole = event_bytes({EventType::delete_rows_v1, "x", 0, false});
  PartialRows rows;
  const auto only = add(rows, {1, 1, whole, whole.size()});
  ASSERT_TRUE(only && *only);
  EXPECT_EQ((*only)->body, "x");
}

TEST(PartialRows, HaltWhereAPieceIsMissing) {
  const std::string whole = event_bytes({EventType::write_rows_v1, "0123456789", 0, false});
  PartialRows rows;
  EXPECT_THAT(error_of(add(rows, {2, 3, "x"})), HasSubstr("the pieces before it are missing"));
  ASSERT_TRUE(add(rows, {1, 3, whole.substr(0, 9)}));
  EXPECT_THAT(error_of(add(rows, {3, 3, "x"})), HasSubstr("piece 3 of 3, but piece 2 of 3 must"));
  rows.reset();
  ASSERT_TRUE(add(rows, {1, 3, whole.substr(0, 9)}));
  EXPECT_THAT(error_of(add(rows, {2, 4, "x"})), HasSubstr("piece 2 of 4, but piece 2 of 3 must"));
}

TEST(PartialRows, HaltWhereThePiecesAreNoRowEvent) {
  const std::string whole = event_bytes({EventType::write_rows_v1, "0123456789", 0, false});
  PartialRows rows;
  EXPECT_THAT(error_of(add(rows, {1, 1, whole, whole.size() + 1})),
              HasSubstr("29 of 30 bytes are there"));
  EXPECT_THAT(error_of(add(rows, {1, 1, "short"})), HasSubstr("too short"));
  const std::string other = event_bytes({EventType::query, "0123456789", 0, false});
  EXPECT_THAT(error_of(add(rows, {1, 1, other})), HasSubstr("another type"));
  EXPECT_THAT(error_of(rows.add(event_view(EventType::mariadb_partial_row_data, "\1\0\0\0\1"))),
              HasSubstr("cut off"));
}

TEST(PartialRows, TakeNoMemoryForALie) {
  PartialRows rows;
  const auto outcome = add(rows, {1, 2, "x", PartialRows::most_bytes + 1});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "binlog.unsupported");
  EXPECT_THAT(outcome.error().message, HasSubstr("more than 1 GiB"));
}

}  // namespace
}  // namespace tailrace::capture
