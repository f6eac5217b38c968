// The appender with librdkafka's own mock of a broker, which can take as long as a test likes.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>  // before its mock
#include <librdkafka/rdkafka_mock.h>

#include <ctime>

#include "stream/kafka/appender.hpp"
#include "tests/unit/stream/log_under_test.hpp"

namespace tailrace::stream::kafka {
namespace {

constexpr int records = 200;
constexpr Milliseconds between_records{5};
constexpr int round_trip_ms = 500;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double wall_seconds() {
  return std::chrono::duration<double>(system_clock().now().time_since_epoch()).count();
}

// Of one core, while `work` is done.
template <class Work>
double busy(const Work& work) {
  const double cpu = cpu_seconds();
  const double wall = wall_seconds();
  work();
  return (cpu_seconds() - cpu) / (wall_seconds() - wall);
}

class MockCluster {
 public:
  explicit MockCluster(const char* topic)
      : host_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(host_.get(), 1)) {
    rd_kafka_mock_topic_create(cluster_.get(), topic, 1, 1);
  }
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }
  void answer_after(int ms) { rd_kafka_mock_broker_set_rtt(cluster_.get(), -1, ms); }

 private:
  ClientHandle host_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroy<rd_kafka_mock_cluster_destroy>> cluster_;
};

// See ClientConfig::producer.
TEST(AppenderTest, WaitsForASlowBrokerWithoutKeepingACoreBusy) {
  MockCluster cluster("t");
  KafkaOptions options;
  options.brokers = cluster.brokers();
  const auto config = ClientConfig::make(options);
  ASSERT_RESULT(config);
  Wakeup wakeup;
  const auto appender = Appender::open(*config, "t", wakeup);
  ASSERT_RESULT(appender);
  std::vector<AppendAck> acknowledged;
  const auto take = [&] {
    wakeup.wait(system_clock().now() + between_records);
    const auto some = (*appender)->acknowledged();
    ASSERT_RESULT(some);
    acknowledged.insert(acknowledged.end(), some->begin(), some->end());
  };
  const Deadline deadline = system_clock().now() + Milliseconds(30'000);
  ASSERT_RESULT((*appender)->append(0, "k", "first"));
  while (acknowledged.empty() && system_clock().now() < deadline) {
    ASSERT_NO_FATAL_FAILURE(take());
  }
  cluster.answer_after(round_trip_ms);
  const double part = busy([&] {
    for (int i = 1; i < records; ++i) {
      ASSERT_RESULT((*appender)->append(0, "k", std::to_string(i)));
      ASSERT_NO_FATAL_FAILURE(take());
    }
    while (acknowledged.size() < records && system_clock().now() < deadline) {
      ASSERT_NO_FATAL_FAILURE(take());
    }
  });
  ASSERT_EQ(acknowledged.size(), static_cast<std::size_t>(records));
  for (std::size_t i = 0; i < acknowledged.size(); ++i) {
    EXPECT_EQ(acknowledged[i].ticket, i + 1);
    EXPECT_EQ(acknowledged[i].offset, static_cast<Offset>(i));
  }
  EXPECT_LT(part, 0.25);
}

TEST(AppenderTest, ARecordThatFitsIntoNoQueueEndsIt) {
  MockCluster cluster("t");
  KafkaOptions options;
  options.brokers = cluster.brokers();
  options.client = {{"queue.buffering.max.kbytes", "1"}};
  const auto config = ClientConfig::make(options);
  ASSERT_RESULT(config);
  Wakeup wakeup;
  const auto appender = Appender::open(*config, "t", wakeup);
  ASSERT_RESULT(appender);
  ASSERT_RESULT((*appender)->append(0, "k", std::string(5000, 'x')));
  EXPECT_FALSE((*appender)->acknowledged());
}

}  // namespace
}  // namespace tailrace::stream::kafka
