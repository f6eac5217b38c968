// The Kafka that the environment variable KAFKA names, with topic names of one test's own.
// Threading: one thread.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "stream/kafka/kafka_log.hpp"
#include "tests/unit/stream/log_under_test.hpp"

namespace tailrace::stream::testing {

class KafkaUnderTest final : public LogUnderTest {
 public:
  // Null: KAFKA is not set.
  static std::unique_ptr<KafkaUnderTest> open() {
    const char* brokers = std::getenv("KAFKA");
    if (brokers == nullptr) return nullptr;
    return std::make_unique<KafkaUnderTest>(brokers);
  }

  explicit KafkaUnderTest(const std::string& brokers) {
    options_.brokers = brokers;
    options_.client_id = "stream-test";
    options_.session_timeout = Milliseconds(6000);
    static std::atomic<int> tests = 0;
    const auto now = system_clock().wall_us();
    prefix_ = "t" + std::to_string(now) + "-" + std::to_string(getpid()) + "-" +
              std::to_string(++tests) + ".";
    log_ = open_another();
  }
  EventLog& log() override { return *log_; }
  bool takes_several_members() const override { return true; }
  std::string name(std::string_view plain) const override { return prefix_ + std::string(plain); }

  KafkaOptions& options() { return options_; }
  // As another process would.
  std::unique_ptr<EventLog> open_another() {
    auto opened = open_kafka(options_);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

 private:
  KafkaOptions options_;
  std::string prefix_;
  std::unique_ptr<EventLog> log_;
};

}  // namespace tailrace::stream::testing
