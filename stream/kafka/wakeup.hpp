// Wakes one waiting thread from librdkafka's threads and ours. Look whether there is anything to do
// before each wait: a signal says that there may be, and signals in between are one.
// Threading: signal() from any thread, the others from the waiting one.
#pragma once

#include <condition_variable>
#include <mutex>

#include "stream/kafka/rdkafka.hpp"

namespace tailrace::stream::kafka {

class Wakeup {
 public:
  void signal() {
    {
      const std::lock_guard lock(mutex_);
      signalled_ = true;
    }
    signal_.notify_one();
  }

  // Waits for a signal since the last wait, and takes it. False: the deadline passed first.
  bool wait(Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!signal_.wait_until(lock, deadline, [&] { return signalled_; })) return false;
    signalled_ = false;
    return true;
  }

  // A queue that was empty and gets something signals; disconnect before the queue goes.
  void connect(rd_kafka_queue_t* queue) {
    rd_kafka_queue_cb_event_enable(
        queue, [](rd_kafka_t*, void* self) { static_cast<Wakeup*>(self)->signal(); }, this);
  }
  static void disconnect(rd_kafka_queue_t* queue) {
    rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr);
  }

 private:
  std::mutex mutex_;
  std::condition_variable signal_;
  bool signalled_ = false;
};

}  // namespace tailrace::stream::kafka
