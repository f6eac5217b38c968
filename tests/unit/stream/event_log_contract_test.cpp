#include "tests/unit/stream/group_contract_tests.hpp"
#include "tests/unit/stream/topic_contract_tests.hpp"

#include <filesystem>

#include "stream/embedded/embedded_log.hpp"
#include "tests/fakes/fake_event_log.hpp"
#include "tests/unit/stream/temporary_directory.hpp"

namespace tailrace::stream::testing {
namespace {

class EmbeddedUnderTest final : public LogUnderTest {
 public:
  EmbeddedUnderTest() : log_(*open_embedded(options())) {}
  EventLog& log() override { return *log_; }
  bool takes_several_members() const override { return false; }

 private:
  EmbeddedOptions options() const {
    EmbeddedOptions options;
    options.path = directory_.path();
    return options;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<EventLog> log_;
};

class FakeUnderTest final : public LogUnderTest {
 public:
  EventLog& log() override { return log_; }
  bool takes_several_members() const override { return true; }

 private:
  fakes::FakeEventLog log_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, EventLogContract,
                         ::testing::Values(LogKind{
                             "embedded", [] { return std::make_unique<EmbeddedUnderTest>(); }}));
INSTANTIATE_TEST_SUITE_P(Fake, EventLogContract,
                         ::testing::Values(LogKind{
                             "fake", [] { return std::make_unique<FakeUnderTest>(); }}));

}  // namespace
}  // namespace tailrace::stream::testing
