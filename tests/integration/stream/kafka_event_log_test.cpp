// The contract on a real Kafka: KAFKA=host:port names it (tests/stack/stack up kafka).
#include "tests/integration/stream/kafka_under_test.hpp"
#include "tests/unit/stream/group_contract_tests.hpp"
#include "tests/unit/stream/topic_contract_tests.hpp"

namespace tailrace::stream::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Kafka, EventLogContract, ::testing::Values(LogKind{"kafka", [] {
                           return KafkaUnderTest::open();
                         }}));

}  // namespace
}  // namespace tailrace::stream::testing
