// What only a real Kafka can show: several workers, zombies, a broker that dies.
#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "core/log.hpp"
#include "tests/integration/stream/kafka_under_test.hpp"

namespace tailrace::stream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KafkaScenario : public ::testing::Test {
 public:
  struct Worker {
    std::unique_ptr<EventLog> log;  // as in a process of its own
    std::unique_ptr<GroupMember> member;
    Assignments assignments;
    std::vector<Owned> got;
  };

 protected:
  void SetUp() override {
    kafka_ = KafkaUnderTest::open();
    if (!kafka_) GTEST_SKIP() << "KAFKA is not set; run: tests/stack/stack up kafka";
    changes_ = kafka_->name("changes");
    state_ = kafka_->name("state");
    const std::vector<TopicSpec> topics = {{changes_, 6, Retention::by_time},
                                           {state_, 6, Retention::compacted}};
    ASSERT_RESULT(kafka_->log().ensure_topics(topics));
  }

  std::unique_ptr<Worker> worker(const std::string& instance) {
    auto made = std::make_unique<Worker>();
    made->log = kafka_->open_another();
    auto joined = made->log->join({kafka_->name("group"), instance, changes_, state_});
    EXPECT_TRUE(joined) << joined.error().message;
    made->member = std::move(*joined);
    return made;
  }
  // Polls all until they own `counts` partitions.
  bool settle(const std::vector<Worker*>& workers, const std::vector<std::size_t>& counts) {
    for (const Deadline end = in_ms(patience_ms); system_clock().now() < end;) {
      bool settled = true;
      for (std::size_t i = 0; i < workers.size(); ++i) {
        const auto records = workers[i]->member->poll(in_ms(20), workers[i]->assignments);
        EXPECT_TRUE(records) << records.error().message;
        if (!records) return false;
        settled = settled && workers[i]->assignments.owned.size() == counts[i];
      }
      if (settled) return true;
    }
    return false;
  }
  static CommitBatch batch(Partition partition, Offset offset, const std::string& metadata) {
    CommitBatch made;
    made.state = {{partition, "root", metadata}};
    made.offsets = {{partition, {offset, metadata}}};
    return made;
  }
  // Commits until it succeeds: a generation that has just changed may refuse the first.
  static Result<void> commit_soon(Worker& worker, const CommitBatch& batch) {
    Result<void> outcome = halt("test.none", "");
    for (int i = 0; i < 20 && !outcome; ++i) {
      outcome = commit(*worker.member, batch);
      EXPECT_TRUE(worker.member->poll(in_ms(100), worker.assignments));
    }
    return outcome;
  }

  std::unique_ptr<KafkaUnderTest> kafka_;
  std::string changes_, state_;
};

TEST_F(KafkaScenario, EveryMemberGoesOnCommittingThroughRebalances) {
  auto one = worker("w1");
  ASSERT_TRUE(settle({one.get()}, {6}));
  auto two = worker("w2");
  ASSERT_TRUE(settle({one.get(), two.get()}, {3, 3}));
  auto three = worker("w3");
  ASSERT_TRUE(settle({one.get(), two.get(), three.get()}, {2, 2, 2}));
  for (Worker* each : {one.get(), two.get(), three.get()}) {
    ASSERT_RESULT(commit_soon(*each, batch(each->assignments.owned[0], 0, "three")));
    EXPECT_TRUE(each->assignments.lost.empty());
  }
  two->member->leave();
  ASSERT_TRUE(settle({one.get(), three.get()}, {3, 3}));
  for (Worker* each : {one.get(), three.get()}) {
    for (const Partition partition : each->assignments.owned) {
      ASSERT_RESULT(commit_soon(*each, batch(partition, 0, "two")));
    }
  }
}

// librdkafka before 2.3 aborts when such a consumer is destroyed (its issue 4312).
TEST_F(KafkaScenario, MembersMayEndBeforeTheyAreGivenAnything) {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int n = 0; n < 4; ++n) workers.push_back(worker("w" + std::to_string(n)));
    for (const auto& each : workers) {
      EXPECT_TRUE(each->member->poll(in_ms(5 + 20 * round), each->assignments));
    }
  }
  auto last = worker("w0");
  EXPECT_TRUE(settle({last.get()}, {6}));
}

// From the moment that an owner gives partitions back until the last of them has its new one.
TEST_F(KafkaScenario, PartitionsThatMoveGracefullyHaveTheirNewOwnersSoon) {
  auto one = worker("w1");
  ASSERT_TRUE(settle({one.get()}, {6}));
  Deadline given_back{};
  one->assignments.on_revoke = [&](auto, bool) {
    if (given_back == Deadline{}) given_back = system_clock().now();
  };
  std::vector<double> joins;
  std::vector<double> leaves;
  const auto took = [&] {
    return std::chrono::duration<double>(system_clock().now() - given_back).count();
  };
  for (int turn = 0; turn < 3; ++turn) {
    given_back = {};
    auto two = worker("w2");
    ASSERT_TRUE(settle({one.get(), two.get()}, {3, 3}));
    joins.push_back(took());
    given_back = system_clock().now();
    two->member->leave();
    ASSERT_TRUE(settle({one.get()}, {6}));
    leaves.push_back(took());
  }
  for (std::vector<double>* const times : {&joins, &leaves}) {
    std::sort(times->begin(), times->end());
    RecordProperty(times == &joins ? "joined" : "left", std::to_string(times->at(1)) + " s");
    EXPECT_LE(times->at(1), 2.0);  // half a second where nothing else runs
  }
}

TEST_F(KafkaScenario, AKilledWorkerThatComesBackKeepsItsPartitions) {
  auto killed = worker("w1");
  ASSERT_TRUE(settle({killed.get()}, {6}));
  auto other = worker("w2");
  ASSERT_TRUE(settle({killed.get(), other.get()}, {3, 3}));
  const auto had = killed->assignments.owned;
  killed->member.reset();  // without leaving, as a killed process
  auto back = worker("w1");
  ASSERT_TRUE(settle({back.get(), other.get()}, {3, 3}));
  EXPECT_THAT(back->assignments.owned, ::testing::UnorderedElementsAreArray(had));
  EXPECT_TRUE(other->assignments.revoked.size() == 0);
  ASSERT_RESULT(commit_soon(*back, batch(had[0], 0, "back")));
}

// The partitions that it was asked to give back belong to nobody then, and no rebalance is due.
TEST_F(KafkaScenario, AWorkerKilledBetweenTheTwoStepsOfARebalanceLeavesNoPartitionBehind) {
  auto killed = worker("w1");
  ASSERT_TRUE(settle({killed.get()}, {6}));
  auto other = worker("w2");
  // The first step: the group takes three from w1, which does not poll and never hears of it. A
  // poll ends early when the group did something.
  ASSERT_TRUE(other->member->poll(in_ms(patience_ms), other->assignments));
  ASSERT_THAT(other->assignments.owned, ElementsAre());
  killed->member.reset();
  auto back = worker("w1");
  ASSERT_TRUE(settle({back.get(), other.get()}, {3, 3}));
}

TEST_F(KafkaScenario, AZombieIsRefusedAndToldThatItLost) {
  auto zombie = worker("w1");
  ASSERT_TRUE(settle({zombie.get()}, {6}));
  ASSERT_RESULT(commit_soon(*zombie, batch(0, 0, "zombie-before")));
  // A second process under the same name takes the place, which is what a zombie finds.
  auto heir = worker("w1");
  ASSERT_TRUE(poll_until(*heir->member, heir->assignments, heir->got,
                         [&] { return heir->assignments.owned.size() == 6; }));
  const auto refused = commit(*zombie->member, batch(0, 0, "zombie-after"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().disposition, Disposition::retry);
  ASSERT_RESULT(commit_soon(*heir, batch(0, 0, "heir")));
  EXPECT_EQ(fetch_committed(*heir->member, 0)->value().metadata, "heir");
  std::vector<std::string> seen;
  ASSERT_RESULT(heir->member->restore(0, [&](auto, auto value) { seen.emplace_back(*value); }));
  EXPECT_THAT(seen, ElementsAre("zombie-before", "heir"));
  Result<void> ended;
  for (const Deadline end = in_ms(patience_ms); ended && system_clock().now() < end;) {
    const auto records = zombie->member->poll(in_ms(50), zombie->assignments);
    if (!records) ended = Failure(records.error());
  }
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, "log.fenced");
  EXPECT_EQ(ended.error().disposition, Disposition::halt);
}

TEST_F(KafkaScenario, ReadsEveryRecordInOrderAroundPauses) {
  constexpr int count = 200'000;
  auto writer = *kafka_->log().open_writer(kafka_->name("capture"));
  for (int i = 0; i < count; ++i) {
    ASSERT_RESULT(writer->append({changes_, i % 6, "k", std::to_string(i), {}}));
    if (i % 5000 == 4999) ASSERT_RESULT(writer->commit());
  }
  ASSERT_RESULT(writer->commit());
  auto reader = worker("w1");
  ASSERT_TRUE(settle({reader.get()}, {6}));
  for (Partition p = 0; p < 6; ++p) ASSERT_RESULT(reader->member->start(p, 0));
  std::vector<int> next = {0, 1, 2, 3, 4, 5};
  int seen = 0;
  for (int polls = 0; seen < count && polls < 100'000; ++polls) {
    const auto turn = static_cast<Partition>(polls % 6);
    ASSERT_RESULT(reader->member->pause(turn));
    const auto records = reader->member->poll(in_ms(500), reader->assignments);
    ASSERT_RESULT(records);
    for (const Record& record : *records) {
      ASSERT_NE(record.partition, turn);
      int& expected = next[static_cast<std::size_t>(record.partition)];
      ASSERT_EQ(std::stoi(std::string(*record.value)), expected);
      expected += 6;
      ++seen;
    }
    ASSERT_RESULT(reader->member->resume(turn));
  }
  EXPECT_EQ(seen, count);
}

// Kills the broker of TAILRACE_STACK_DIR, so only where nobody else uses it.
class KafkaDies : public KafkaScenario {
 protected:
  void SetUp() override {
    if (std::getenv("TAILRACE_KILL_KAFKA") == nullptr) {
      GTEST_SKIP() << "kills its broker; set TAILRACE_KILL_KAFKA=1 for a stack of your own";
    }
    KafkaScenario::SetUp();
  }
  static void stack(const std::string& command) {
    const std::string line = TAILRACE_SOURCE_DIR "/tests/stack/stack " + command + " >&2";
    ASSERT_EQ(std::system(line.c_str()), 0);
  }
};

// Partition 0 from offset 0, whenever it is assigned. False: the member has ended.
bool reads_from_start(KafkaScenario::Worker& worker, std::size_t count) {
  std::size_t assigned = 0;
  if (!worker.assignments.owned.empty()) {
    EXPECT_TRUE(worker.member->start(0, 0));
    assigned = worker.assignments.assigned.size();
  }
  worker.got.clear();
  for (const Deadline end = in_ms(patience_ms); system_clock().now() < end;) {
    const auto records = worker.member->poll(in_ms(50), worker.assignments);
    if (!records) {
      EXPECT_EQ(records.error().disposition, Disposition::retry) << records.error().message;
      return false;
    }
    own(*records, worker.got);
    if (worker.got.size() >= count) return true;
    if (worker.assignments.assigned.size() == assigned) continue;
    assigned = worker.assignments.assigned.size();
    worker.got.clear();
    EXPECT_TRUE(worker.member->start(0, 0));
  }
  ADD_FAILURE() << "patience: " << worker.got.size() << " records";
  return true;
}

std::size_t acknowledged(KafkaScenario::Worker& worker) {
  for (const Deadline end = in_ms(patience_ms); system_clock().now() < end;) {
    const auto arrived = worker.member->acknowledged();
    EXPECT_TRUE(arrived);
    if (!arrived || !arrived->empty()) return arrived ? arrived->size() : 0;
  }
  return 0;
}

TEST_F(KafkaDies, InATransactionAndTheWriterBeginsAnew) {
  auto writer = *kafka_->log().open_writer(kafka_->name("capture"));
  auto standing = worker("w1");
  ASSERT_TRUE(settle({standing.get()}, {6}));
  ASSERT_RESULT(standing->member->start(0, 0));
  ASSERT_RESULT(writer->append({changes_, 0, "k", "first", {}}));
  ASSERT_RESULT(writer->commit());
  ASSERT_RESULT(writer->append({changes_, 0, "k", "second", {}}));
  stack("kill kafka");
  ASSERT_RESULT(standing->member->append(0, "k", "appended"));
  std::jthread starter([] {
    std::this_thread::sleep_for(Milliseconds(3000));
    stack("start kafka");
  });
  // Either it survives, or a new writer says what the position says is missing.
  Result<void> committed = writer->commit();
  for (int i = 0; i < 20 && !committed; ++i) {
    ASSERT_EQ(committed.error().disposition, Disposition::retry) << committed.error().message;
    writer.reset();
    auto opened = kafka_->log().open_writer(kafka_->name("capture"));
    if (!opened) {
      committed = Failure(opened.error());
      continue;
    }
    writer = std::move(*opened);
    committed = writer->append({changes_, 0, "k", "second", {}});
    if (committed) committed = writer->commit();
  }
  ASSERT_RESULT(committed);
  starter.join();
  const auto read =
      read_to_end(**kafka_->log().open_reader(changes_, 0, 0, Isolation::read_committed));
  EXPECT_THAT(values(read), ::testing::UnorderedElementsAre("first", "second", "appended"));
  EXPECT_EQ(acknowledged(*standing), 1U);
  // The member lives through it, or says retry and a new one takes its place.
  for (int i = 0; i < 3; ++i) {
    if (reads_from_start(*standing, 3)) break;
    standing->member.reset();
    standing = worker("w1");
  }
  EXPECT_EQ(standing->got.size(), 3U);
  ASSERT_RESULT(commit_soon(*standing, batch(0, 3, "after")));
}

TEST_F(KafkaDies, AndStaysAwaySoCallsSayRetry) {
  auto writer = *kafka_->log().open_writer(kafka_->name("capture"));
  kafka_->options().call_timeout = Milliseconds(1500);
  auto impatient = kafka_->open_another();
  stack("kill kafka");
  const Deadline before = system_clock().now();
  const auto opened = impatient->open_writer(kafka_->name("other"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().disposition, Disposition::retry);
  const auto reading = impatient->open_reader(changes_, 0, 0, Isolation::read_committed);
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().disposition, Disposition::retry);
  EXPECT_LT(system_clock().now() - before, Milliseconds(8000));
  writer.reset();  // does not hang
  EXPECT_LT(system_clock().now() - before, Milliseconds(16'000));
  stack("start kafka");
}

// librdkafka 2.0.2 aborts the process when a coordinator comes back to an admin request that timed
// out.
TEST_F(KafkaDies, AndComesBackAfterAQuestionWasGivenUp) {
  kafka_->options().call_timeout = Milliseconds(1500);
  auto asking = worker("w1");
  ASSERT_TRUE(settle({asking.get()}, {6}));
  stack("kill kafka");
  const auto unanswered = asking->member->fetch_committed(0);
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().disposition, Disposition::retry) << unanswered.error().message;
  stack("start kafka");
  bool answered = false;
  for (const Deadline end = in_ms(patience_ms); !answered && system_clock().now() < end;) {
    if (!asking->member->poll(in_ms(100), asking->assignments)) asking = worker("w1");
    answered = static_cast<bool>(asking->member->fetch_committed(0));
  }
  EXPECT_TRUE(answered);
}

TEST(KafkaOptionsCheck, NamesAWrongPropertyAndTheNearestOne) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  options.client["comression.type"] = "lz4";
  const auto unknown = open_kafka(options);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "log.config");
  EXPECT_EQ(unknown.error().disposition, Disposition::halt);
  EXPECT_THAT(unknown.error().message, HasSubstr("compression.type"));

  options.client = {{"linger.ms", "soon"}};
  EXPECT_THAT(open_kafka(options).error().message, HasSubstr("linger.ms"));
  options.client = {{"enable.idempotence", "false"}};
  EXPECT_THAT(open_kafka(options).error().message, HasSubstr("set by tailrace"));
  options.client = {{"compression.type", "lz4"}, {"sasl.username", "u"}};
  EXPECT_TRUE(open_kafka(options));
}

}  // namespace
}  // namespace tailrace::stream::testing
