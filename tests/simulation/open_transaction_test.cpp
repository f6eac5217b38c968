// Capture is killed inside a transaction that spans several log transactions: whoever goes on reads
// it again, and nobody who reads committed records sees an event twice (acceptance case 9).
#include <gtest/gtest.h>

#include <map>

#include "engine/capture_role.hpp"
#include "engine/topics.hpp"
#include "tests/fakes/fake_event_log.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/sim_source.hpp"
#include "tests/simulation/stage.hpp"
#include "tests/simulation/virtual_clock.hpp"

namespace tailrace::simulation {
namespace {

// A server that is away for so many questions.
class LateSource final : public capture::ChangeSource {
 public:
  LateSource(std::unique_ptr<capture::ChangeSource> source, VirtualClock& clock, int away)
      : source_(std::move(source)), clock_(clock), away_(away) {}

  Result<void> start(const SourcePosition& from) override { return source_->start(from); }
  Result<std::optional<Transaction>> next(Deadline deadline) override {
    if (away_ == 0) return source_->next(deadline);
    --away_;
    clock_.advance(std::chrono::seconds(15));
    return std::optional<Transaction>();
  }
  Result<GtidSet> committed_now() override { return source_->committed_now(); }
  Result<std::optional<GtidSet>> lost_at_takeover(const SourcePosition& read) override {
    return source_->lost_at_takeover(read);
  }
  void request_stop() noexcept override { source_->request_stop(); }

 private:
  std::unique_ptr<capture::ChangeSource> source_;
  VirtualClock& clock_;
  int away_;
};

class OpenTransaction : public testing::Test {
 protected:
  OpenTransaction() {
    log_.crash_on_destruction(true);
    log_.set_power_cut([this] { return fuse_.burn(); });
  }

  engine::CaptureRole capture(int away) {
    engine::CaptureOptions options;
    options.pipeline = "sim";
    options.source = "a";
    options.partitions = 2;
    options.batch_bytes = 200;  // a few records in each log transaction
    transform::DocumentSpec document;
    document.name = "order";
    document.root = "orders";
    document.id = "{id}";
    options.documents = {document};
    transform::EventRule rule;
    rule.table = "orders";
    rule.emit = "OrderChanged";
    transform::EventsSpec events;
    events.topic = "events";
    events.key = "{id}";
    events.rules = {rule};
    options.events = events;
    engine::CaptureDependencies deps{
        log_, clock_, board_, []() -> Result<std::vector<TableSchema>> { return shop_schemas(); },
        [this, away](const std::vector<TableSchema>& schemas)
            -> Result<std::unique_ptr<capture::ChangeSource>> {
          return std::make_unique<LateSource>(std::make_unique<SimSource>(server_, schemas, 3),
                                              clock_, away);
        }};
    return engine::CaptureRole(std::move(options), std::move(deps));
  }

  // Until all that the server has is in the log. False: it died on the way.
  bool run(engine::CaptureRole& role) {
    if (!role.open()) return false;
    for (int n = 0; n < 200; ++n) {
      if (!role.step(clock_.now())) return false;
      const SourcePosition& at = role.committed().source;
      if (at.snapshot == SnapshotPhase::done && at.gtid_set.contains(server_.executed()))
        return true;
    }
    ADD_FAILURE() << "capture does not come to the end";
    return false;
  }

  std::map<std::string, int> committed_events() const {
    std::map<std::string, int> seen;
    for (stream::Partition partition = 0; partition < 2; ++partition) {
      for (const fakes::StoredRecord& record : log_.records("events", partition)) {
        const bool counts = !record.mark && record.value && record.transaction != nullptr &&
                            *record.transaction == fakes::TransactionState::committed;
        if (counts) ++seen[record.key];
      }
    }
    return seen;
  }

  Fuse fuse_;
  VirtualClock clock_;
  SimServer server_;
  fakes::FakeEventLog log_{{.keeps_state = true, .waits = false}};
  engine::StatusBoard board_;
};

TEST_F(OpenTransaction, IsReadAgainWithoutAnEventTwiceThoughTheServerIsAwayMeanwhile) {
  {
    engine::CaptureRole first = capture(0);
    ASSERT_TRUE(run(first));
  }
  int interrupted = 0;
  std::int64_t next = 1;
  for (int calls = 1; calls < 80; ++calls) {
    std::vector<Write> writes;
    for (int n = 0; n < 12; ++n, ++next) writes.push_back(order(next, 1));
    server_.commit(writes);
    fuse_.arm(calls);
    {
      engine::CaptureRole killed = capture(0);
      if (!run(killed)) ++interrupted;
    }
    fuse_.disarm();
    log_.expire();
    engine::CaptureRole goes_on = capture(calls % 3);
    ASSERT_TRUE(run(goes_on)) << calls;
  }
  EXPECT_GT(interrupted, 20);
  const auto seen = committed_events();
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(next - 1));
  for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key;
}

}  // namespace
}  // namespace tailrace::simulation
