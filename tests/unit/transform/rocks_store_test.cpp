// What the store on RocksDB keeps and removes.
#include "transform/state/rocks_store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tailrace::transform {
namespace {

class RocksStore : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "rocks-store-" + std::to_string(::getpid());
    stores_ = rocks_stores({folder_});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& value) {
    auto store = stores_->open("order-1");
    ASSERT_TRUE(store) << store.error().message;
    StoreBatch batch;
    batch.put(Family::root, "key", value);
    ASSERT_TRUE((*store)->write(batch));
  }
  std::string read() {
    auto store = stores_->open("order-1");
    EXPECT_TRUE(store) << store.error().message;
    std::string value;
    return store && *(*store)->get(Family::root, "key", value) ? value : "nothing";
  }

  std::string folder_;
  std::unique_ptr<StoreFactory> stores_;
};

TEST_F(RocksStore, KeepsWhatWasWrittenAndForgetsWhatWasRemoved) {
  write("one");
  EXPECT_EQ(read(), "one");
  ASSERT_TRUE(stores_->remove("order-1"));
  EXPECT_EQ(read(), "nothing");
  write("two");
  EXPECT_EQ(read(), "two");
  ASSERT_TRUE(stores_->remove("order-1"));
  ASSERT_TRUE(stores_->remove("order-1")) << "what is not there is removed";
}

// A process that is killed while it removes a store leaves a part of it, never under the store's
// name.
TEST_F(RocksStore, IsNotHeldUpByTheRestOfARemovalThatWasCutShort) {
  const std::string rest = folder_ + "/order-1.removed";
  std::filesystem::create_directories(rest);
  std::ofstream(rest + "/CURRENT") << "MANIFEST-000023\n";
  write("one");
  EXPECT_EQ(read(), "one");
  EXPECT_FALSE(std::filesystem::exists(rest));
  std::filesystem::create_directories(rest);
  std::ofstream(rest + "/CURRENT") << "MANIFEST-000023\n";
  ASSERT_TRUE(stores_->remove("order-1"));
  EXPECT_EQ(read(), "nothing");
}

}  // namespace
}  // namespace tailrace::transform
