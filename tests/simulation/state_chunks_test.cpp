// State records in chunks, as compaction leaves them.
#include <gtest/gtest.h>

#include "core/bytes.hpp"
#include "engine/state_records.hpp"

namespace tailrace::simulation {
namespace {

constexpr std::size_t chunk_bytes = 100;
const std::string root =
    "\x01"
    "1";

std::string state(std::int64_t last, char filler, std::size_t size) {
  std::string bytes(1, '\1');
  append_varint(bytes, zigzag(last));
  bytes.append(size, filler);
  return bytes;
}

std::vector<stream::StateRecord> records_of(const std::string& bytes) {
  std::vector<stream::StateRecord> records;
  engine::append_state_records(records, {0, root, bytes}, chunk_bytes);
  return records;
}

// A pending mark came and went: the state was written twice at the same `last`.
TEST(StateChunks, OfTwoWritesOfOneLastAreToldApart) {
  const std::string with_mark = state(7, 'a', 250);
  const std::string without = state(7, 'b', 150);
  const auto before = records_of(with_mark);
  const auto after = records_of(without);
  ASSERT_EQ(before.size(), 3u);
  ASSERT_EQ(after.size(), 2u);
  engine::StateAssembler assembler(1);
  // Compaction has left the surplus chunk of the first write.
  EXPECT_FALSE(assembler.add(before[2].key, *before[2].value));
  EXPECT_FALSE(assembler.add(after[0].key, *after[0].value));
  const auto whole = assembler.add(after[1].key, *after[1].value);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->first, root);
  EXPECT_EQ(whole->second, without);
}

// A machine lost the end of its store: the root is written again, as it was before that end.
TEST(StateChunks, OfALaterWriteCountAlsoAtALowerLast) {
  const std::string earlier = state(60, 'b', 150);
  const auto before = records_of(state(70, 'a', 250));
  const auto after = records_of(earlier);
  engine::StateAssembler assembler(1);
  EXPECT_FALSE(assembler.add(before[2].key, *before[2].value));
  EXPECT_FALSE(assembler.add(after[0].key, *after[0].value));
  const auto whole = assembler.add(after[1].key, *after[1].value);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->second, earlier);
}

}  // namespace
}  // namespace tailrace::simulation
