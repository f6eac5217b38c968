#include "engine/sink_queue.hpp"

#include <gtest/gtest.h>

namespace tailrace::engine {
namespace {

class SinkQueueTest : public ::testing::Test {
 protected:
  SinkQueueTest() : queue_(0) {
    for (RootEntry& root : roots_) root.sinks.resize(1);
  }

  void push(int root, Urgency urgency, Deadline now = {}) {
    queue_.push({nullptr, &roots_[root]}, urgency, now);
  }
  // Its number; -1: nothing is left.
  long pop(Urgency urgency) {
    const auto queued = queue_.pop(urgency);
    return queued ? queued->root - roots_ : -1;
  }

  RootEntry roots_[3];
  SinkQueue queue_;
};

TEST_F(SinkQueueTest, HasEachRootOnce) {
  for (int n = 0; n < 2; ++n) {
    push(1, Urgency::foreground);
    push(0, Urgency::background);
    push(1, Urgency::background);
  }
  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(pop(Urgency::foreground), 1);
  EXPECT_EQ(pop(Urgency::foreground), -1);
  EXPECT_EQ(pop(Urgency::background), 0);
  EXPECT_EQ(pop(Urgency::background), -1);
  EXPECT_TRUE(queue_.idle());
}

TEST_F(SinkQueueTest, LetsAnUrgentRootOvertakeAndPassesItsOldPlace) {
  push(0, Urgency::background);
  push(1, Urgency::background);
  push(1, Urgency::foreground);
  EXPECT_EQ(pop(Urgency::foreground), 1);
  EXPECT_TRUE(roots_[1].busy()) << "its old place still refers to it";
  EXPECT_EQ(pop(Urgency::background), 0);
  EXPECT_EQ(pop(Urgency::background), -1);
  EXPECT_FALSE(roots_[1].busy());
}

TEST_F(SinkQueueTest, TakesARootAgainThatHasLeft) {
  push(0, Urgency::background);
  push(0, Urgency::foreground);
  EXPECT_EQ(pop(Urgency::foreground), 0);
  push(0, Urgency::background);
  EXPECT_EQ(pop(Urgency::background), 0);
  EXPECT_EQ(pop(Urgency::background), -1);
}

TEST_F(SinkQueueTest, PutsOffUntilTheMomentOrUntilItIsReady) {
  const Deadline noon = Deadline{} + std::chrono::hours(12);
  bool ready = false;
  const auto wake = [&](Deadline now) {
    queue_.wake(now, [&](const QueuedRoot&) { return ready; });
  };
  queue_.put_off({nullptr, &roots_[0]}, noon);
  wake(noon - Milliseconds(1));
  EXPECT_EQ(pop(Urgency::foreground), -1);
  EXPECT_FALSE(queue_.idle());
  push(0, Urgency::foreground);  // it waits already
  wake(noon);
  EXPECT_EQ(pop(Urgency::foreground), 0);
  queue_.put_off({nullptr, &roots_[0]}, noon + Milliseconds(1));
  ready = true;
  wake(noon);
  EXPECT_EQ(pop(Urgency::foreground), 0);
  EXPECT_EQ(pop(Urgency::foreground), -1);
}

TEST_F(SinkQueueTest, TakesAllOnce) {
  push(0, Urgency::background);
  push(1, Urgency::background);
  push(1, Urgency::foreground);
  queue_.put_off({nullptr, &roots_[2]}, Deadline::max());
  EXPECT_EQ(queue_.take_all().size(), 3u);
  EXPECT_TRUE(queue_.idle());
  for (const RootEntry& root : roots_) EXPECT_FALSE(root.busy());
}

TEST_F(SinkQueueTest, TellsSinceWhenTheBackgroundWaits) {
  const Deadline noon = Deadline{} + std::chrono::hours(12);
  push(0, Urgency::background, noon);
  push(1, Urgency::background, noon + Milliseconds(5));
  EXPECT_EQ(queue_.background_since(), noon);
  while (pop(Urgency::background) >= 0) continue;
  push(1, Urgency::background, noon + Milliseconds(7));
  EXPECT_EQ(queue_.background_since(), noon + Milliseconds(7));
}

}  // namespace
}  // namespace tailrace::engine
