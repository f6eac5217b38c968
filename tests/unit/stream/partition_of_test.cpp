#include <gtest/gtest.h>

#include "stream/event_log.hpp"

namespace tailrace::stream {
namespace {

// Hashes from Kafka's own UtilsTest.testMurmur2: partition = (hash & 0x7fffffff) % partitions.
TEST(PartitionOf, AgreesWithJavaClients) {
  const auto expected = [](std::int32_t hash, Partition partitions) {
    return (hash & 0x7fffffff) % partitions;
  };
  for (const Partition partitions : {1, 4, 16, 1000003}) {
    EXPECT_EQ(partition_of("21", partitions), expected(-973932308, partitions));
    EXPECT_EQ(partition_of("foobar", partitions), expected(-790332482, partitions));
    EXPECT_EQ(partition_of("a-little-bit-long-string", partitions),
              expected(-985981536, partitions));
    EXPECT_EQ(partition_of("a-little-bit-longer-string", partitions),
              expected(-1486304829, partitions));
    EXPECT_EQ(partition_of("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", partitions),
              expected(-58897971, partitions));
    EXPECT_EQ(partition_of("abc", partitions), expected(479470107, partitions));
  }
}

TEST(PartitionOf, TakesEmptyKeysAndBytesAbove127) {
  EXPECT_LT(partition_of("", 16), 16);
  EXPECT_GE(partition_of("\xff\xfe\xfd", 16), 0);
}

}  // namespace
}  // namespace tailrace::stream
